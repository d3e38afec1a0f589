"""What the raw ends of the fidelity tests say: every kind of message, full of what is hard to keep."""

from __future__ import annotations

META = (
    '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
    '"io.modelcontextprotocol/clientInfo":{"name":"raw","version":"1","x-vendor":1.00},'
    '"io.modelcontextprotocol/clientCapabilities":{"elicitation":{},"x-vendor/cap":{"n":1e2}},"progressToken":"tök/1"}'
)
LEGACY_META = '"_meta":{"progressToken":"tök/1","io.example/trace":[1.00,-0]}'
HELLO = (
    '{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":'
    '{"roots":{"listChanged":true},"sampling":{},"elicitation":{"url":{}},"experimental":{"x":{"n":1.00}}},'
    '"clientInfo":{"name":"raw","version":"1","icons":[],"x-vendor":true},"x-vendor":12345678901234567890}}'
)

# What is hard to keep: numbers that a double changes, escapes, nulls, empty things, members nobody knows.
ODD = (
    '{"big":12345678901234567890123,"price":1.00,"tiny":1E-7,"exp":1e2,"zero":-0,"minus":-0.0,"int":1,'
    '"text":"gr\\u00fc\\u00df \\ud83d\\ude00 \\u2028 \\"q\\" \\\\ \\/ \\u0000","empty":["",[],{}],"null":null,'
    '"z":0,"a":0}'
)
ICONS = '[{"src":"data:image/png;base64,AA==","mimeType":"image/png","sizes":["48x48"],"theme":"dark","x-vendor":1.0}]'
INFO = (
    f'{{"name":"raw","title":"Räw","version":"1","websiteUrl":"https://example.org","icons":{ICONS},"x-vendor":null}}'
)
CAPABILITIES = (
    '{"tools":{"listChanged":true,"x-vendor":1.00},"resources":{"subscribe":true},"prompts":{},"logging":{},'
    f'"completions":{{}},"tasks":{{"list":{{}}}},"experimental":{{"x":{ODD}}},"extensions":{{"io.example/e":{{}}}}}}'
)


def tool(name: str) -> str:
    return (
        f'{{"name":"{name}","title":"T","description":"d","inputSchema":{{"type":"object","properties":{{"n":{{"type":'
        f'"number","default":1.00}}}},"x-vendor":{ODD}}},"outputSchema":{{"type":"object"}},"annotations":'
        f'{{"readOnlyHint":true,"x-vendor":0.50}},"icons":{ICONS},"execution":{{"taskSupport":"optional"}},'
        f'"_meta":{{"io.example/m":[1.00]}},"x-vendor":{ODD}}}'
    )


def result(members: str) -> str:
    return f'{{"jsonrpc":"2.0","id":$ID,"result":{{"resultType":"complete",{members},"x-vendor":{ODD}}}}}'


def note(method: str, params: str) -> str:
    return f'{{"jsonrpc":"2.0","method":"{method}","params":{{{params},"x-vendor":{ODD}}}}}'


CONTENT = (
    f'"content":[{{"type":"text","text":"x","annotations":{{"audience":["user"],"priority":0.50,"x-vendor":{ODD}}},'
    f'"_meta":{ODD}}},{{"type":"vendor/blob","data":{ODD}}},{{"type":"resource_link","uri":"file:///a%20b","name":"n",'
    f'"icons":{ICONS}}}],"structuredContent":{ODD},"isError":false,"_meta":{{"io.example/m":{ODD}}}'
)
PROGRESS = [
    note("notifications/progress", f'"progressToken":$TOKEN,"progress":{n},"total":1.00,"message":"é"')
    for n in ("0.50", "1.00")
]
LOGGED = note("notifications/message", f'"level":"info","logger":"l","data":{ODD}')
FAILED = f'{{"jsonrpc":"2.0","id":$ID,"error":{{"code":-32050,"message":"vendor","data":{ODD},"x-vendor":{ODD}}}}}'


def asks(frame_id: str, method: str, params: str) -> str:
    return f'{{"jsonrpc":"2.0","id":{frame_id},"method":"{method}","params":{{{params}}}}}'


FORM = (
    '"message":"who?","requestedSchema":{"type":"object","properties":{"n":{"type":"number","default":1.00}}},'
    f'"_meta":{ODD}'
)
ASKED = {
    "form": asks("1", "elicitation/create", f'"mode":"form",{FORM},"x-vendor":{ODD}'),
    "url": asks(
        '"1"', "elicitation/create", f'"mode":"url","elicitationId":"e","url":"https://e.org","x-vendor":{ODD}'
    ),
    "sampling": asks("12345678901234567890", "sampling/createMessage", f'"messages":[],"maxTokens":9,"x-vendor":{ODD}'),
    "roots": asks('"r/1"', "roots/list", f'"x-vendor":{ODD}'),
}
REPLIES = {
    "elicitation/create": f'{{"jsonrpc":"2.0","id":$ID,"result":{{"action":"accept","content":{ODD},"x":{ODD}}}}}',
    "sampling/createMessage": '{"jsonrpc":"2.0","id":$ID,"error":{"code":-1,"message":"no","data":{"n":1.00}}}',
    "roots/list": f'{{"jsonrpc":"2.0","id":$ID,"result":{{"roots":[{{"uri":"file:///x","_meta":{ODD}}}]}}}}',
}
ANNOUNCED = [
    note("notifications/tools/list_changed", '"_meta":{"n":1.00}'),
    note("notifications/resources/updated", '"uri":"file:///a"'),
    note("notifications/resources/list_changed", '"_meta":{"n":-0}'),
    note("notifications/prompts/list_changed", '"_meta":{"n":1e2}'),
    note("notifications/tasks/status", '"taskId":"t","status":"working","ttl":1.00'),
    note("notifications/elicitation/complete", '"elicitationId":"e"'),
    note("notifications/vendor/thing", f'"thing":{ODD}'),
]
NEEDS_INPUT = (
    '{"jsonrpc":"2.0","id":$ID,"result":{"resultType":"input_required","inputRequests":{"who":{"method":'
    f'"elicitation/create","params":{{"mode":"form",{FORM}}},"x-vendor":{ODD}}}}},"requestState":"opaque/1.00==","x":{ODD}}}}}'
)
PLAIN = {  # one answer each, in either era
    "resources/list": result(
        f'"resources":[{{"uri":"file:///a","name":"n","size":1.00,"x-vendor":{ODD}}}],"nextCursor":"c"'
    ),
    "resources/templates/list": result(f'"resourceTemplates":[{{"uriTemplate":"x://{{y}}","name":"n","_meta":{ODD}}}]'),
    "resources/read": result(
        f'"contents":[{{"uri":"file:///a","text":"t","_meta":{ODD}}}],"ttlMs":5,"cacheScope":"public"'
    ),
    "prompts/list": result(f'"prompts":[{{"name":"p","arguments":[{{"name":"a","x-vendor":{ODD}}}],"icons":{ICONS}}}]'),
    "prompts/get": result(
        f'"description":"d","messages":[{{"role":"user","content":{{"type":"text","text":"t","x":{ODD}}}}}]'
    ),
    "completion/complete": result('"completion":{"values":["a"],"total":1.00,"hasMore":false,"x-vendor":1}'),
    "tasks/get": result(f'"taskId":"t","status":"working","ttl":1.00,"_meta":{ODD}'),
    "tasks/result": result(CONTENT),
    "tasks/list": result('"tasks":[]'),
    "tasks/cancel": result('"taskId":"t","status":"cancelled"'),
    "tasks/update": result('"taskId":"t"'),
    "vendor/method": result(f'"vendor":{ODD}'),
    "vendor/fails": FAILED,
}
LEGACY_ONLY = ("ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe")
SAID = {  # by a client, to which there is no answer
    "notifications/vendor/x": f'"thing":{ODD}',
    "notifications/roots/list_changed": f'"_meta":{ODD}',
    "notifications/progress": f'"progressToken":"of the server","progress":0.50,"total":1.00,"x-vendor":{ODD}',
}
RESPONSES = f'{{"who":{{"action":"accept","content":{ODD},"x-vendor":{ODD}}}}}'
BESIDE = {  # members of a call beside its name and arguments
    "a task": '"task":{"ttl":60000.0,"pollInterval":1.00,"x-vendor":1E2}',
    "a retry": f'"requestState":"opaque/1.00==","inputResponses":{RESPONSES}',
    "a vendor's": f'"x-vendor":{ODD},"":0',
}
ACKNOWLEDGED = '"_meta":{"io.modelcontextprotocol/subscriptionId":$ID,"n":1.00}'

SCRIPT: dict[str, list[str]] = {
    "initialize": [
        f'{{"jsonrpc":"2.0","id":$ID,"result":{{"protocolVersion":"2025-11-25","capabilities":{CAPABILITIES},'
        f'"serverInfo":{INFO},"instructions":"be \\u00e9xact","_meta":{ODD},"x-vendor":{ODD}}}}}'
    ],
    "server/discover": [result(f'"supportedVersions":["2026-07-28"],"capabilities":{CAPABILITIES},"instructions":"i"')],
    "tools/list": [
        result(f'"tools":[{tool("a")},{tool("b")}],"nextCursor":"page/2 é","ttlMs":60000,"cacheScope":"public"')
    ],
    "tools/list page/2 é": [
        result(f'"ttlMs":60000,"tools":[{tool("secret")},{tool("c")}],"cacheScope":"public","nextCursor":"1.00"')
    ],
    "tools/list 1.00": [result(f'"tools":[{tool("secret")}],"nextCursor":""')],
    "call rich": [PROGRESS[0], LOGGED, PROGRESS[1], result(CONTENT)],
    "call quick": [result(CONTENT)],
    "call fails": [FAILED],
    "call asks": [text for asked in ASKED.values() for text in (asked, "WAIT")] + [result(CONTENT)],
    "call needs input": [NEEDS_INPUT],
    "call makes a task": [result(f'"task":{{"taskId":"t","status":"working","pollInterval":1.00}},"x":{ODD}')],
    "subscriptions/listen": [
        note("notifications/subscriptions/acknowledged", ACKNOWLEDGED),
        note("notifications/tools/list_changed", ACKNOWLEDGED),
    ],
    "GET": ANNOUNCED,
    **{method: [text] for method, text in PLAIN.items()},
    **{method: [result('"ok":true')] for method in LEGACY_ONLY},
}

"""What a real server lists, asked as `policy check --upstream` asks it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from inspector.core.errors import UpstreamError
from inspector.core.json import Number
from inspector.core.upstream import CommandSpec, UpstreamSpec, UrlSpec, UrlTransport
from inspector.logins import KeptLogin, Logins
from inspector.upstreams.survey import listed_tools

SERVERS = Path(__file__).parents[1] / "servers"


def command(*argv: str, env: tuple[tuple[str, str], ...] = ()) -> UpstreamSpec:
    return UpstreamSpec("it", CommandSpec((sys.executable, *argv), env))


def script(text: str) -> UpstreamSpec:
    return command("-c", text)


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """One of our servers, and its port."""
    argv = [sys.executable, str(SERVERS / arguments[0]), *arguments[1:]]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        yield next(line.split()[-1] for line in process.stderr if line.startswith("listening on"))
        process.kill()


@pytest.fixture
def http_server() -> Iterator[str]:
    with serving("sdk_server.py", "http", "0") as port:
        yield f"http://127.0.0.1:{port}/mcp"


def test_a_command_is_started_asked_and_stopped() -> None:
    tools = listed_tools(command(str(SERVERS / "sdk_server.py"), "stdio"))
    names = [tool["name"] for tool in tools]
    assert names[:2] == ["echo", "add"]
    assert len(set(names)) == len(names)
    assert all(isinstance(tool["inputSchema"], dict) for tool in tools)


def test_a_url_is_asked_over_http(http_server: str) -> None:
    tools = listed_tools(UpstreamSpec("it", UrlSpec(http_server)))
    assert [tool["name"] for tool in tools][:2] == ["echo", "add"]


@pytest.mark.parametrize("transport", [UrlTransport.AUTO, UrlTransport.SSE])
def test_a_url_of_the_older_transport_is_asked_over_that(transport: UrlTransport) -> None:
    with serving("sdk_server.py", "sse", "0") as port:
        url = f"http://127.0.0.1:{port}/sse"
        tools = listed_tools(UpstreamSpec("it", UrlSpec(url, transport=transport)))
    assert [tool["name"] for tool in tools][:2] == ["echo", "add"]


def test_a_kept_login_is_used_and_none_is_made(tmp_path: Path) -> None:
    logins, sent = Logins(tmp_path), []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(self.headers["authorization"])
            self.send_response(401)
            self.send_header("www-authenticate", "Bearer")
            self.send_header("content-length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, format: str, *arguments: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/mcp"
        logins.write(KeptLogin(url, {"access_token": "kept"}))
        for headers in ((), (("Authorization", "Bearer given"),)):
            with pytest.raises(UpstreamError, match="it cannot be asked"):
                listed_tools(UpstreamSpec("it", UrlSpec(url, headers, transport=UrlTransport.HTTP)), logins=logins)
        server.shutdown()
    assert {*sent} == {"Bearer kept", "Bearer given"}


@pytest.mark.parametrize("module", ["inspector.demo", "mcp_server_time"])
def test_servers_of_others_list_their_tools(module: str) -> None:
    tools = listed_tools(command("-m", module))
    assert {"inspector.demo": "execute_flow", "mcp_server_time": "convert_time"}[module] in [t["name"] for t in tools]


_PAGED = """
import json, os, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked or "method" not in asked:
        continue
    if asked["method"] == "initialize":
        result = {"protocolVersion": asked["params"]["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": os.environ["NAME_OF_IT"], "version": "1"}}
    elif asked["method"] == "tools/list":
        page = int(asked["params"].get("cursor") or 0) if asked.get("params") else 0
        schema = {"type": "object", "properties": {"n": {"maximum": 0.1, "x-ours": 12345678901234567890}}}
        result = {"tools": [{"name": f"t{page}", "inputSchema": schema, "ours": 1}]}
        if page < 2:
            result["nextCursor"] = str(page + 1)
    else:
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": "no"}}), flush=True)
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"""


def test_all_pages_are_read_and_nothing_of_a_definition_is_lost() -> None:
    tools = listed_tools(command("-c", _PAGED, env=(("NAME_OF_IT", "paged"),)))
    assert [tool["name"] for tool in tools] == ["t0", "t1", "t2"]
    number = {"maximum": Number("0.1"), "x-ours": Number("12345678901234567890")}
    assert tools[0] == {"name": "t0", "inputSchema": {"type": "object", "properties": {"n": number}}, "ours": 1}


def test_a_server_that_lists_more_to_an_able_client_lists_it_all() -> None:
    told = "print(json.dumps(dict(jsonrpc='2.0', id=7, method='roots/list')), flush=True); can = asked['params']"
    able = _PAGED.replace('"initialize":', f'"initialize":\n        {told}["capabilities"]', 1)
    able = able.replace('"name": f"t{page}"', '"name": "+".join(sorted(can))')
    tools = listed_tools(command("-c", able, env=(("NAME_OF_IT", "able"),)))
    assert {tool["name"] for tool in tools} == {"elicitation+roots+sampling"}


def test_a_command_that_dies_is_quoted() -> None:
    with pytest.raises(
        UpstreamError, match=r"it cannot be asked for its tools: .*\nIt said last: no key\\u001b"
    ) as why:
        listed_tools(script("import sys; print('no key\\x1b', file=sys.stderr); sys.exit(1)"))
    assert why.value.exit_code == 2


def test_of_what_a_dying_command_says_the_error_is_quoted_and_not_its_last_line() -> None:
    said = "import sys; print('Error: no such module\\n    at x.js:1\\nNode.js v20', file=sys.stderr); sys.exit(1)"
    with pytest.raises(UpstreamError, match=r"It said last: Error: no such module$"):
        listed_tools(script(said))


def test_what_a_command_says_that_is_no_json_is_not_on_our_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UpstreamError, match="it ended, or closed the connection, before it answered"):
        listed_tools(script("print('starting…', flush=True)"))
    assert capfd.readouterr().err == ""


def test_a_command_that_is_not_there_is_named() -> None:
    with pytest.raises(UpstreamError, match="tools: /nonexistent/server: No such file"):
        listed_tools(UpstreamSpec("it", CommandSpec(("/nonexistent/server",))))


def test_a_server_that_never_answers_is_given_up() -> None:
    with pytest.raises(UpstreamError, match=r"listed no tools within 0\.2 s"):
        listed_tools(script("import sys; sys.stdin.read()"), patience=0.2)


def test_an_answer_that_is_no_list_is_refused() -> None:
    with pytest.raises(UpstreamError, match="no list of tools"):
        listed_tools(command("-c", _PAGED.replace('{"tools": [', '{"tols": ['), env=(("NAME_OF_IT", "x"),)))


def test_a_url_where_nobody_listens_is_an_error_of_one_line() -> None:
    with pytest.raises(UpstreamError, match="cannot be asked") as why:
        listed_tools(UpstreamSpec("it", UrlSpec("http://127.0.0.1:9/mcp")))
    assert "\n" not in str(why.value)

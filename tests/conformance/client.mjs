// The TypeScript SDK's client: `node client.mjs URL` or `node client.mjs COMMAND ARGUMENT…` lists the tools and calls
// `slow` and `echo`; one JSON line says what came back.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [target, ...args] = process.argv.slice(2);
const transport = target.startsWith("http")
  ? new StreamableHTTPClientTransport(new URL(target))
  : new StdioClientTransport({ command: target, args, env: process.env });
const client = new Client({ name: "typescript", version: "1" });
await client.connect(transport);
const { tools } = await client.listTools();
const progress = [];
await client.callTool({ name: "slow", arguments: { seconds: 0.1, steps: 2 } }, undefined, {
  onprogress: ({ progress: done }) => progress.push(done),
});
const { content } = await client.callTool({ name: "echo", arguments: { text: "grüß dich" } });
const server = client.getServerVersion().name;
console.log(JSON.stringify({ tools: tools.map((tool) => tool.name), progress, said: content[0].text, server }));
await client.close();

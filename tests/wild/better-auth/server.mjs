// Better Auth with its SCIM plugin, the memory adapter, and one connection with a static bearer token.
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { scim } from "@better-auth/scim";
import { randomBytes } from "node:crypto";
import { getAuthTables } from "better-auth/db";

const port = Number(process.env.WILD_PORT);
const options = {
    baseURL: `http://127.0.0.1:${port}`,
    secret: randomBytes(32).toString("hex"),
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    plugins: [
        scim({
            connections: [
                { id: "wild", credentials: [{ type: "bearer", id: "wild", token: process.env.WILD_TOKEN }] },
            ],
        }),
    ],
};
// The memory adapter wants every table to be there.
const tables = Object.fromEntries(Object.values(getAuthTables(options)).map((table) => [table.modelName, []]));
const auth = betterAuth({ ...options, database: memoryAdapter(tables) });
createServer(toNodeHandler(auth)).listen(port, "127.0.0.1");

// SCIMMY with its express routers over two Maps. SCIMMY does schemas, filters, PATCH, projection and the protocol;
// the handlers below only store, give ids and times, and refuse a userName or displayName that is taken.
import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const port = Number(process.env.WILD_PORT);
const digest = (text) => createHash("sha256").update(text).digest();
const expected = digest(process.env.WILD_TOKEN);
// The scheme is named in any letter case.
const bearer = (header = "") => /^bearer +(.*)$/i.exec(header)?.[1] ?? "";

const stores = { User: new Map(), Group: new Map() };
const fail = (status, type, text) => {
    throw new SCIMMY.Types.Error(status, type, text);
};

// What a user's `groups` and a member's `$ref` say follows from the groups that are stored.
const groupsOf = (id) =>
    [...stores.Group.values()]
        .filter((group) => group.members?.some((member) => member.value === id))
        .map((group) => ({ value: group.id, display: group.displayName, type: "direct" }));
const shown = (name, stored) => {
    const copy = structuredClone(stored);
    return name === "User" ? { ...copy, groups: groupsOf(copy.id) } : copy;
};

const handlers = (name, unique) => {
    const store = stores[name];
    return {
        egress(resource) {
            if (resource.id) {
                const stored = store.get(resource.id) ?? fail(404, null, `Resource ${resource.id} not found`);
                return shown(name, stored);
            }
            const all = [...store.values()].map((stored) => shown(name, stored));
            return resource.filter ? resource.filter.match(all) : all;
        },
        ingress(resource, data) {
            if (resource.id && !store.has(resource.id)) fail(404, null, `Resource ${resource.id} not found`);
            const id = resource.id ?? randomUUID();
            const key = data[unique]?.toLowerCase();
            for (const other of store.values())
                if (other.id !== id && other[unique]?.toLowerCase() === key)
                    fail(409, "uniqueness", `${unique} is taken`);
            const now = new Date().toISOString();
            const { groups, ...rest } = JSON.parse(JSON.stringify(data));
            if (data.password !== undefined) rest.password = "set";
            const before = store.get(id);
            const meta = { resourceType: name, created: before?.meta.created ?? now, lastModified: now };
            // A write that changes nothing leaves the time as it was.
            const bare = ({ meta, ...others }) => others;
            if (before && isDeepStrictEqual(bare(before), bare({ ...rest, id }))) meta.lastModified = before.meta.lastModified;
            store.set(id, { ...rest, id, meta });
            return shown(name, store.get(id));
        },
        degress(resource) {
            if (!store.delete(resource.id)) fail(404, null, `Resource ${resource.id} not found`);
            for (const group of stores.Group.values())
                group.members = group.members?.filter((member) => member.value !== resource.id);
        },
    };
};

SCIMMY.Resources.declare(SCIMMY.Resources.User, {
    ...handlers("User", "userName"),
    extensions: [{ schema: SCIMMY.Schemas.EnterpriseUser, required: false }],
});
SCIMMY.Resources.declare(SCIMMY.Resources.Group, handlers("Group", "displayName"));

const app = express();
app.disable("x-powered-by");
app.use(
    "/scim/v2",
    new SCIMMYRouters({
        type: "bearer",
        baseUri: () => `http://127.0.0.1:${port}`,
        handler: (request) => {
            if (!timingSafeEqual(digest(bearer(request.header("Authorization"))), expected))
                throw new Error("The bearer token is missing or wrong");
        },
    }),
);
app.listen(port, "127.0.0.1");

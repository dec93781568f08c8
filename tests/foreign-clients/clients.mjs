// Azure's own npm packages against the sandbox, under the services' real names and with every check of theirs on.
//
//   NODE_EXTRA_CA_CERTS=<certificate file> SANDBOX_PORT=7444 SANDBOX_CLIENT_SECRET=<secret> node clients.mjs
//
// The certificate file and the secret are what the sandbox says when it starts.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import net from "node:net";
import { AuthorizationManagementClient } from "@azure/arm-authorization";
import { ClientSecretCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";
import { Client } from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider } from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";

const port = Number(process.env.SANDBOX_PORT ?? 7444);
const tenant = "8d2a4c1e-6b1f-4e0a-9d53-2f7c1b9e4a10";
const clientId = "7a11c0de-1111-4000-8000-00000000a002";
const secret = process.env.SANDBOX_CLIENT_SECRET;
assert.ok(secret, "SANDBOX_CLIENT_SECRET is not set: the sandbox says it when it starts.");

// The one thing that differs from Azure: a connection to any host ends at the sandbox. Names, and so certificates, stay.
// node:https (the Azure packages) and fetch (the Graph client) both end here.
const plainConnect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const options = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (options && typeof options === "object" && options.port) Object.assign(options, { host: "127.0.0.1", port });
  return plainConnect.apply(this, args);
};

const seen = [];
const step = (name, detail) => { seen.push(name); console.log(`ok  ${name}: ${detail}`); };
const status = (expected) => (error) => { assert.equal(error.statusCode, expected, `${error.statusCode} ${error.message}`); return true; };

// @azure/identity: no option at all. It asks login.microsoftonline.com, and that is the sandbox.
const credential = new ClientSecretCredential(tenant, clientId, secret);
const token = await credential.getToken("https://vault.azure.net/.default");
step("@azure/identity", `a token until ${new Date(token.expiresOnTimestamp).toISOString()}`);
await assert.rejects(new ClientSecretCredential(tenant, clientId, "wrong").getToken("https://vault.azure.net/.default"), /AADSTS7000215/);
step("@azure/identity, wrong secret", "AADSTS7000215");

// @azure/keyvault-secrets: the vault's real name; the challenge's resource is verified.
const vault = new SecretClient("https://kv-payments-prod.vault.azure.net", credential);
const names = [];
for await (const properties of vault.listPropertiesOfSecrets()) names.push(properties.name);
assert.ok(names.length > 25, `expected more than one page, got ${names.length}`);
const enabled = [];
for await (const properties of vault.listPropertiesOfSecrets()) if (properties.enabled) enabled.push(properties.name);
const value = (await vault.getSecret(enabled[0])).value;
assert.match(value, /canary/);
step("@azure/keyvault-secrets", `${names.length} secrets in pages, read ${enabled[0]}`);
await assert.rejects(vault.getSecret("no-such-secret"), status(404));
step("@azure/keyvault-secrets, unknown secret", "404");

// @azure/arm-authorization: a role assignment at one secret, there and back.
const subscription = "9e10c0de-2222-4000-8000-00000000c001";
const scope = `/subscriptions/${subscription}/resourceGroups/rg-payments/providers/Microsoft.KeyVault/vaults/kv-payments-prod/secrets/${enabled[0]}`;
const arm = new AuthorizationManagementClient(credential, subscription);
const secretsUser = `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6`;
const jonas = "2c1d8b63-4f72-4d9f-9b2e-701c6f3ead02";
const name = randomUUID();
const created = await arm.roleAssignments.create(scope, name, { roleDefinitionId: secretsUser, principalId: jonas, principalType: "User" });
assert.equal(created.principalId, jonas);
const listed = [];
for await (const assignment of arm.roleAssignments.listForScope(scope, { filter: `principalId eq '${jonas}'` })) listed.push(assignment.name);
assert.ok(listed.includes(name));
await assert.rejects(arm.roleAssignments.create(scope, randomUUID(), { roleDefinitionId: secretsUser, principalId: jonas, principalType: "User" }), status(409));
assert.equal((await arm.roleAssignments.delete(scope, name)).name, name);
await assert.rejects(arm.roleAssignments.get(scope, name), status(404));
step("@azure/arm-authorization", "created, listed, refused twice (409), deleted");

// @microsoft/microsoft-graph-client: paging, and a member added and removed by reference.
const graph = Client.initWithMiddleware({ authProvider: new TokenCredentialAuthenticationProvider(credential, { scopes: ["https://graph.microsoft.com/.default"] }) });
let people = 0;
for (let page = await graph.api("/users").top(5).get(); ; page = await graph.api(page["@odata.nextLink"]).get()) {
  people += page.value.length;
  if (!page["@odata.nextLink"]) break;
}
assert.ok(people >= 13);
const approvers = "/groups/61a0c001-0000-4000-8000-000000000004/members";
await graph.api(`${approvers}/$ref`).post({ "@odata.id": `https://graph.microsoft.com/v1.0/directoryObjects/${jonas}` });
assert.ok((await graph.api(approvers).get()).value.some((m) => m.id === jonas));
await graph.api(`${approvers}/${jonas}/$ref`).delete();
await assert.rejects(graph.api(`${approvers}/${jonas}/$ref`).delete(), status(404));
step("@microsoft/microsoft-graph-client", `${people} people in pages, a member added and removed`);

console.log(`${seen.length} steps passed`);

using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Antiforgery;
using Portal.Sandbox.Company;
using Portal.Sandbox.Hosting;

namespace Portal.Sandbox.Reader;

/// <summary>The reader page: who reads what, and what came of it.</summary>
internal static class ReaderPage
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Page Form(SandboxControl control, AntiforgeryTokenSet antiforgery, ReaderChoice choice, string? above = null)
    {
        var html = new StringBuilder(above);
        // One first heading per page: after a reading it is what came of it.
        var heading = above is null ? "<h1>Read a secret as someone</h1>" : "<h2>Read another</h2>";
        html.Append($"""
            <div class="card">
            <p class="brand">Fenwick Trading</p>
            {heading}
            <p class="soft">The sandbox signs this person in, and asks Key Vault for the secret with their own token. What they see is what their role assignments allow at this moment.</p>
            <form method="post" action="/reader">
            """);
        html.Append($"<input type=\"hidden\" name=\"{Page.Text(antiforgery.FormFieldName)}\" value=\"{Page.Text(antiforgery.RequestToken)}\">");
        html.Append("<label for=\"person\">Person</label><select id=\"person\" name=\"person\" required>");
        foreach (var user in control.Directory.Users.OrderBy(u => u.Introduction is null).ThenBy(u => u.Id))
            html.Append($"<option value=\"{user.Id}\"{Selected(user.Id == choice.Person)}>{Page.Text(user.DisplayName)} ({Page.Text(user.JobTitle)})</option>");
        html.Append("</select><label for=\"secret\">Secret</label><select id=\"secret\" name=\"secret\" required>");
        foreach (var vault in control.Resources.Vaults.Select(v => v.Name).Order(StringComparer.Ordinal))
        {
            html.Append($"<optgroup label=\"{Page.Text(vault)}\">");
            foreach (var secret in control.Vaults.Latest(vault))
                html.Append($"<option value=\"{Page.Text($"{vault}/{secret.Name}")}\"{Selected(vault == choice.Vault && secret.Name == choice.Secret)}>{Page.Text(secret.Name)}</option>");
            html.Append("</optgroup>");
        }

        html.Append("</select><button class=\"button\" type=\"submit\">Read</button></form></div>");
        return new Page("Read a secret", html.ToString()) { Wide = true };
    }

    public static string Result(Reading reading, DirectoryUser person, ReaderChoice choice, SandboxAddresses addresses, string certificateFile)
    {
        var who = Page.Text(person.DisplayName);
        var what = Page.Text($"{choice.Secret} in {choice.Vault}");
        var verdict = reading.Value is { } value
            ? $"<h1>{who} can read it</h1><p class=\"verdict yes\">{reading.Status}: Key Vault gave the value of {what}.</p><h2>Value</h2><pre>{Page.Text(value)}</pre>"
            : $"<h1>{who} cannot read it</h1><p class=\"verdict no\">{reading.Status}: Key Vault refused {what}.</p><h2>Key Vault's answer</h2><pre>{Page.Text(Pretty(reading.Body!))}</pre>";
        var curl = $"""
            TOKEN='{reading.Token}'
            curl --cacert '{certificateFile}' --connect-to '::127.0.0.1:{addresses.HttpsPort}' \
              -H "Authorization: Bearer $TOKEN" \
              'https://{choice.Vault}.vault.azure.net/secrets/{choice.Secret}?api-version=7.6'
            """;
        return $"""
            <section class="card" role="status">
            {verdict}
            <details><summary>In a terminal</summary>
            <p class="soft">The vault under its real name, on the sandbox's port, with the certificate checked. The token is good for an hour.</p>
            <pre tabindex="0">{Page.Text(curl)}</pre></details>
            <details><summary>The token</summary><pre tabindex="0">{Page.Text(reading.Token)}</pre></details>
            </section>
            """;
    }

    public static string Problem(string text) =>
        $"<section class=\"card\" role=\"status\"><h1>It did not come to reading</h1><p class=\"verdict no\">{Page.Text(text)}</p></section>";

    public static Page Front(SandboxAddresses addresses) => new("Front page", $"""
        <div class="card">
        <p class="brand">Fenwick Trading</p>
        <h1>A cloud on this machine</h1>
        <p class="soft">Entra ID, Resource Manager, Key Vault and Microsoft Graph for one made-up company. Applications sign people in here; this page is for looking around.</p>
        <p><a class="button" href="/reader">Read a secret as someone</a></p>
        <h2>For your own clients</h2>
        <pre tabindex="0">authority  {Page.Text(addresses.Authority)}
        services   https on port {addresses.HttpsPort}, by host name:
                   management.azure.com, graph.microsoft.com,
                   *.vault.azure.net</pre>
        <p class="soft">The certificate's file, a client id and its secret were said at the start. docs/sandbox.md shows how to use them.</p>
        </div>
        """);

    private static string Selected(bool selected) => selected ? " selected" : "";

    private static string Pretty(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return JsonSerializer.Serialize(json.RootElement, Indented);
        }
        catch (JsonException)
        {
            return body;
        }
    }
}

using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Security.KeyVault.Secrets;
using Microsoft.AspNetCore.WebUtilities;
using Portal.Sandbox.Company;
using Portal.Sandbox.Hosting;

namespace Portal.Sandbox.Reader;

/// <summary>What came of reading a secret.</summary>
/// <param name="Token">The person's Key Vault token.</param>
/// <param name="Status">HTTP status of Key Vault's answer.</param>
/// <param name="Value">The secret's value; null when it was refused.</param>
/// <param name="Body">Key Vault's error body; null when the secret was read.</param>
internal sealed record Reading(string Token, int Status, string? Value, string? Body);

/// <summary>
/// Reads as a person, the way any application does: code flow with PKCE at the sandbox's own endpoints, then the real
/// <see cref="SecretClient"/>, all over the sandbox's own wire.
/// </summary>
internal sealed class ReaderWire(X509Certificate2 root, SandboxAddresses addresses, SandboxClient client, string certificateFile) : IDisposable
{
    private const string Scope = "https://vault.azure.net/user_impersonation";
    private readonly HttpClient _http = new(NoRedirects(LoopbackHandler.Create(root, addresses)));

    /// <summary>The certificate that a terminal has to trust.</summary>
    public string CertificateFile => certificateFile;

    /// <summary>Reads the newest version of a secret. A refusal of the sign-in comes out as the text of Entra's error.</summary>
    public async Task<(Reading? Reading, string? SignInError)> ReadAsync(Guid person, string vault, string secret, CancellationToken ct)
    {
        var (token, error) = await TokenAsync(person, ct);
        if (token is null) return (null, error);

        var options = new SecretClientOptions { Transport = new HttpClientTransport(_http), Retry = { MaxRetries = 0 } };
        var secrets = new SecretClient(new Uri($"https://{vault}.vault.azure.net"), new PersonCredential(token), options);
        try
        {
            var answer = await secrets.GetSecretAsync(secret, cancellationToken: ct);
            return (new Reading(token, answer.GetRawResponse().Status, answer.Value.Value, null), null);
        }
        catch (RequestFailedException e)
        {
            return (new Reading(token, e.Status, null, e.GetRawResponse()?.Content.ToString() ?? e.Message), null);
        }
    }

    public void Dispose() => _http.Dispose();

    private static SocketsHttpHandler NoRedirects(SocketsHttpHandler handler)
    {
        handler.AllowAutoRedirect = false;
        return handler;
    }

    private async Task<(string? Token, string? Error)> TokenAsync(Guid person, CancellationToken ct)
    {
        var verifier = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var fields = new Dictionary<string, string>
        {
            ["client_id"] = client.ClientId.ToString(),
            ["response_type"] = "code",
            ["redirect_uri"] = addresses.ReaderPage,
            ["scope"] = Scope,
            ["code_challenge"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))),
            ["code_challenge_method"] = "S256",
            ["sandbox_user"] = person.ToString(),
        };
        using var signIn = new FormUrlEncodedContent(fields);
        using var signedIn = await _http.PostAsync(new Uri($"http://localhost:{addresses.HttpPort}/{FenwickCompany.TenantId}/oauth2/v2.0/authorize"), signIn, ct);
        if (signedIn.StatusCode != HttpStatusCode.Redirect || signedIn.Headers.Location is not { } back) return (null, "This person cannot sign in: the account is disabled or gone.");
        var query = QueryHelpers.ParseQuery(back.Query);
        if (!query.TryGetValue("code", out var code)) return (null, query["error_description"]);

        using var redeem = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["client_id"] = client.ClientId.ToString(),
            ["client_secret"] = client.ClientSecret,
            ["grant_type"] = "authorization_code",
            ["code"] = code.ToString(),
            ["code_verifier"] = verifier,
            ["redirect_uri"] = addresses.ReaderPage,
            ["scope"] = Scope,
        });
        using var redeemed = await _http.PostAsync(new Uri($"{addresses.Instance}{FenwickCompany.TenantId}/oauth2/v2.0/token"), redeem, ct);
        using var json = JsonDocument.Parse(await redeemed.Content.ReadAsStringAsync(ct));
        return redeemed.IsSuccessStatusCode
            ? (json.RootElement.GetProperty("access_token").GetString(), null)
            : (null, json.RootElement.GetProperty("error_description").GetString());
    }

    private sealed class PersonCredential(string token) : TokenCredential
    {
        // The client caches by this time; one read needs no more.
        private readonly DateTimeOffset _until = TimeProvider.System.GetUtcNow().AddMinutes(30);

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => new(token, _until);

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => new(GetToken(requestContext, cancellationToken));
    }
}

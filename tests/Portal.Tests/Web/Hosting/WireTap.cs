using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;

namespace Portal.Tests.Web.Hosting;

/// <summary>Stands between a portal and its cloud: notes what must be seen nowhere else, and can put another id token in place of the real one.</summary>
internal sealed class WireTap
{
    private static readonly string[] ConfidentialFields = ["client_secret", "client_assertion", "code", "code_verifier", "refresh_token", "access_token", "id_token"];

    private readonly ConcurrentDictionary<string, bool> _confidential = new();

    /// <summary>Every bearer token, refresh token, id token, code, verifier and client secret that went over the wire so far.</summary>
    public IReadOnlyCollection<string> Confidential => [.. _confidential.Keys];

    /// <summary>Makes another id token out of the one that was issued; null leaves it as it is.</summary>
    public Func<string, string>? Forge { get; set; }

    public HttpMessageHandler Around(HttpMessageHandler inner) => new Handler(this, inner);

    private void Note(string? value)
    {
        // Shorter ones could be part of an innocent word.
        if (value is { Length: >= 20 })
            _confidential.TryAdd(value, true);
    }

    private sealed class Handler(WireTap tap, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            tap.Note(request.Headers.Authorization?.Parameter);
            var forTokens = request.RequestUri!.AbsolutePath.EndsWith("/oauth2/v2.0/token", StringComparison.Ordinal);
            if (forTokens && request.Content is { } form)
                foreach (var (name, value) in QueryHelpers.ParseQuery(await form.ReadAsStringAsync(cancellationToken)))
                    if (ConfidentialFields.Contains(name))
                        tap.Note(value);
            var answer = await base.SendAsync(request, cancellationToken);
            if (forTokens && answer.IsSuccessStatusCode)
                await ReadAsync(answer, cancellationToken);
            return answer;
        }

        private async Task ReadAsync(HttpResponseMessage answer, CancellationToken ct)
        {
            var json = JsonNode.Parse(await answer.Content.ReadAsStringAsync(ct))!.AsObject();
            foreach (var field in ConfidentialFields)
                tap.Note((string?)json[field]);
            if ((string?)json["id_token"] is { } issued && tap.Forge is { } forge)
            {
                json["id_token"] = forge(issued);
                tap.Note((string?)json["id_token"]);
            }

            answer.Content = new StringContent(json.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        }
    }
}

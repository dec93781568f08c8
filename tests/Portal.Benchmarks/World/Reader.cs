using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.WebUtilities;

namespace Portal.Benchmarks.World;

/// <summary>Somebody with cookies and no browser: signed in by the same forms, asks for pages and stops the time.</summary>
internal sealed class Reader : IDisposable
{
    private readonly HttpClient _http;
    private readonly string _portal;

    private Reader(string portal)
    {
        _portal = portal;
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() });
        _http.DefaultRequestHeaders.Accept.ParseAdd("text/html");
    }

    /// <summary>Signs somebody in to a portal.</summary>
    public static async Task<Reader> SignInAsync(string portal, Guid person)
    {
        var reader = new Reader(portal);
        var authorize = await reader.RedirectAsync($"{portal}/account/signin?returnUrl=%2F");
        var form = QueryHelpers.ParseQuery(authorize.Query).ToDictionary(p => p.Key, p => p.Value.ToString());
        form["sandbox_user"] = person.ToString();
        form["response_mode"] = "query";
        using var content = new FormUrlEncodedContent(form);
        using var answer = await reader._http.PostAsync(authorize.GetLeftPart(UriPartial.Path), content);
        var back = answer.Headers.Location ?? throw new InvalidOperationException($"The sandbox did not sign in: {(int)answer.StatusCode}.");
        // Whatever way the portal asked for the answer, it takes the code as a form, too.
        using var code = new FormUrlEncodedContent(QueryHelpers.ParseQuery(back.Query).ToDictionary(p => p.Key, p => p.Value.ToString()));
        using var signedIn = await reader._http.PostAsync(back.GetLeftPart(UriPartial.Path), code);
        if (signedIn.StatusCode != HttpStatusCode.Redirect)
            throw new InvalidOperationException($"The portal did not take the sign-in: {(int)signedIn.StatusCode}.");
        return reader;
    }

    /// <summary>Asks for a page.</summary>
    /// <returns>Milliseconds until the first byte of the body was here.</returns>
    /// <exception cref="InvalidOperationException">The answer is not the page.</exception>
    public async Task<double> FirstByteAsync(string page)
    {
        var start = Stopwatch.GetTimestamp();
        using var answer = await _http.GetAsync(_portal + page, HttpCompletionOption.ResponseHeadersRead);
        await using var body = await answer.Content.ReadAsStreamAsync();
        var first = new byte[1];
        await body.ReadExactlyAsync(first);
        var time = Report.Since(start);
        if (answer.StatusCode != HttpStatusCode.OK)
            throw new InvalidOperationException($"{page} answered {(int)answer.StatusCode}.");
        await body.CopyToAsync(Stream.Null);
        return time;
    }

    /// <summary>The whole page, to see that it is the right one.</summary>
    public Task<string> ReadAsync(string page) => _http.GetStringAsync(_portal + page);

    public void Dispose() => _http.Dispose();

    private async Task<Uri> RedirectAsync(string address)
    {
        using var answer = await _http.GetAsync(address);
        return answer.Headers.Location ?? throw new InvalidOperationException($"{address} answered {(int)answer.StatusCode} and sent nowhere.");
    }
}

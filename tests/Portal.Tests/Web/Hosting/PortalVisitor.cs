using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.WebUtilities;

namespace Portal.Tests.Web.Hosting;

/// <summary>Does by raw HTTP what a browser does: keeps cookies, sends forms, and follows a redirect only when told to.</summary>
internal sealed partial class PortalVisitor : IDisposable
{
    public const string Html = "text/html";
    public const string Json = "application/json";

    private readonly PortalHost _host;
    private readonly CookieContainer _cookies = new();
    private readonly HttpClient _http;

    public PortalVisitor(PortalHost host)
    {
        _host = host;
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, CookieContainer = _cookies }) { Timeout = TimeSpan.FromMinutes(2) };
    }

    /// <summary>The cookie that says who is signed in; null when nobody is.</summary>
    public string? SignInCookie => CookieOf("portal");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The value of one of the portal's cookies, put together from its pieces where it is cut; null when there is none.</summary>
    public string? CookieOf(string name)
    {
        var all = _cookies.GetAllCookies().ToDictionary(cookie => cookie.Name, cookie => cookie.Value);
        if (!all.TryGetValue(name, out var value))
            return null;
        return value.StartsWith("chunks-", StringComparison.Ordinal)
            ? string.Concat(Enumerable.Range(1, int.Parse(value["chunks-".Length..], null)).Select(piece => all[$"{name}C{piece}"]))
            : value;
    }

    public Task<HttpResponseMessage> GetAsync(string url, string accept = Html) => SendAsync(HttpMethod.Get, url, accept);

    public Task<HttpResponseMessage> PostAsync(string url, string accept = Html, params (string Name, string Value)[] fields) =>
        SendAsync(HttpMethod.Post, url, accept, new FormUrlEncodedContent(fields.ToDictionary(field => field.Name, field => field.Value)));

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string url, string accept, HttpContent? content = null, string? origin = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(new Uri(_host.Address), url)) { Content = content };
        if (origin is not null)
            request.Headers.Add("Origin", origin);
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(accept));
        return await _http.SendAsync(request, Ct);
    }

    /// <summary>Opens a WebSocket as a page would, and closes it.</summary>
    /// <param name="url">Where.</param>
    /// <param name="headers">What is sent along beside the cookies.</param>
    /// <returns>What was answered: 101 when it was open.</returns>
    public async Task<HttpStatusCode> ConnectAsync(string url, params (string Name, string Value)[] headers)
    {
        using var socket = new ClientWebSocket();
        (socket.Options.Cookies, socket.Options.Proxy, socket.Options.CollectHttpResponseDetails) = (_cookies, null, true);
        foreach (var (name, value) in headers)
            socket.Options.SetRequestHeader(name, value);
        try
        {
            await socket.ConnectAsync(new Uri(_host.Address.Replace("http:", "ws:", StringComparison.Ordinal) + url), Ct);
        }
        catch (WebSocketException) when (socket.HttpStatusCode != 0)
        {
            // Refused; the status says how.
        }

        return socket.HttpStatusCode;
    }

    /// <summary>The text of a page that must be there.</summary>
    public async Task<string> TextAsync(string url)
    {
        using var answer = await GetAsync(url);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Ct));
    }

    /// <summary>Signs somebody in, starting at an address that asks for it.</summary>
    /// <returns>The portal's answer to what the sign-in page sent it.</returns>
    public async Task<HttpResponseMessage> SignInAsync(Guid person, string start = "/account/signin")
    {
        using var challenge = await GetAsync(start);
        Assert.Equal(HttpStatusCode.Redirect, challenge.StatusCode);
        var page = challenge.Headers.Location!;
        Assert.Equal(_host.Sandbox.Addresses.HttpPort, page.Port);
        var asked = QueryHelpers.ParseQuery(page.Query).ToDictionary(field => field.Key, field => (string)field.Value!);
        Assert.Equal("form_post", asked["response_mode"]);
        Assert.Equal("S256", asked["code_challenge_method"]);
        asked["sandbox_user"] = person.ToString();
        using var choice = new FormUrlEncodedContent(asked);
        using var chosen = await _http.PostAsync(new Uri(page.GetLeftPart(UriPartial.Path)), choice, Ct);
        var html = await chosen.Content.ReadAsStringAsync(Ct);
        Assert.True(chosen.IsSuccessStatusCode, html);
        return await PostAsync(asked["redirect_uri"], Html, [.. FieldsOf(html)]);
    }

    /// <summary>The hidden fields of a page's forms.</summary>
    public static IEnumerable<(string Name, string Value)> FieldsOf(string html) =>
        HiddenField().Matches(html).Select(field => (WebUtility.HtmlDecode(field.Groups[1].Value), WebUtility.HtmlDecode(field.Groups[2].Value))).DistinctBy(field => field.Item1);

    public void Dispose() => _http.Dispose();

    [GeneratedRegex("<input[^>]*name=\"([^\"]*)\"[^>]*value=\"([^\"]*)\"")]
    private static partial Regex HiddenField();
}

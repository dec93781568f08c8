using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;

namespace Portal.Sandbox.Hosting;

/// <summary>One page for a browser: plain HTML without script, under a policy that allows none.</summary>
/// <param name="Title">Names the page.</param>
/// <param name="Body">The HTML within <c>main</c>. What comes from outside has gone through <see cref="Text"/>.</param>
internal sealed record Page(string Title, string Body) : IResult
{
    public int Status { get; init; } = StatusCodes.Status200OK;

    /// <summary>Whether the page takes a wide column.</summary>
    public bool Wide { get; init; }

    /// <summary>An origin besides this one to which a form may lead, through redirects too; null for none.</summary>
    public string? FormOrigin { get; init; }

    /// <summary>Any text as HTML text, safe in elements and in quoted attributes.</summary>
    public static string Text(string? value) => HtmlEncoder.Default.Encode(value ?? "");

    public Task ExecuteAsync(HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = Status;
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentSecurityPolicy =
            $"default-src 'none'; style-src {PageStyle.Source}; img-src data:; form-action 'self'{(FormOrigin is null ? "" : " " + FormOrigin)}; base-uri 'none'; frame-ancestors 'none'";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        return response.WriteAsync($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{Text(Title)} · Sandbox</title>
            <link rel="icon" href="data:,">
            <style>{PageStyle.Css}</style>
            </head>
            <body>
            <header class="note"><strong>Sandbox.</strong> A made-up company on this machine. No account, no password, nothing leaves it.</header>
            <main{(Wide ? " class=\"wide\"" : "")}>
            {Body}
            </main>
            </body>
            </html>
            """, Encoding.UTF8, context.RequestAborted);
    }
}

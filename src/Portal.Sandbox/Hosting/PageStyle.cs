using System.Security.Cryptography;
using System.Text;

namespace Portal.Sandbox.Hosting;

/// <summary>The look of the sandbox's pages: one style sheet, named in the content security policy by its hash.</summary>
internal static class PageStyle
{
    public const string Css = """
        :root{color-scheme:light dark;--ground:#f4f2ee;--card:#fffefb;--ink:#1f2430;--soft:#555c6b;--line:#d9d5cb;--edge:#868172;--accent:#0b5f5a;--on:#fff;
        --accent-soft:#e3f0ee;--note:#fbf1d8;--note-ink:#5b4308;--bad:#9c1c28;--bad-soft:#fbe9ea;--good:#14603a;--good-soft:#e4f3ea}
        @media (prefers-color-scheme:dark){:root{--ground:#14171c;--card:#1d2128;--ink:#eceae4;--soft:#b1b5be;--line:#363b45;--edge:#7d8490;--accent:#7fd1c7;--on:#0d2523;
        --accent-soft:#1f3533;--note:#3a3119;--note-ink:#f3dfaa;--bad:#ff9ea6;--bad-soft:#3c2225;--good:#8fdcae;--good-soft:#1d3527}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;min-height:100vh;display:flex;flex-direction:column}
        .note{background:var(--note);color:var(--note-ink);padding:.6rem 1.25rem;text-align:center;font-size:.9rem}
        main{width:100%;max-width:33rem;margin:auto;padding:2rem 1.25rem}
        main.wide{max-width:50rem;margin:0 auto}
        .card{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:clamp(1.25rem,5vw,2.25rem);box-shadow:0 1px 2px rgb(0 0 0/.05),0 12px 32px rgb(0 0 0/.06)}
        .card+.card{margin-top:1.25rem}
        h1{font-size:1.6rem;line-height:1.25;margin:0 0 .35rem;letter-spacing:-.01em}
        h2{font-size:1.05rem;margin:1.5rem 0 .5rem}
        .card>h2:first-child{margin-top:0}
        p{margin:.25rem 0 1rem}
        .soft{color:var(--soft)}
        .brand{font-size:.85rem;font-weight:600;color:var(--accent);margin:0 0 .9rem}
        a{color:var(--accent);text-underline-offset:.2em}
        ul.people{list-style:none;margin:1.25rem 0 0;padding:0;display:grid;gap:.6rem}
        .person{display:grid;grid-template-columns:2.75rem 1fr;gap:0 .9rem;align-items:center;width:100%;padding:.8rem .9rem;text-align:left;font:inherit;color:inherit;background:transparent;
        border:1px solid var(--edge);border-radius:10px;cursor:pointer}
        .person:hover{border-color:var(--accent);background:var(--accent-soft)}
        .mark{grid-row:span 2;display:grid;place-items:center;width:2.75rem;height:2.75rem;border-radius:50%;background:var(--accent);color:var(--on);font-weight:600}
        .name{font-weight:600}
        .name small{font-weight:400;color:var(--soft);font-size:.875rem;overflow-wrap:anywhere}
        .line{color:var(--soft);font-size:.925rem}
        label{display:block;font-weight:600;margin:1rem 0 .3rem}
        select{width:100%;min-height:2.75rem;padding:.5rem .7rem;font:inherit;color:inherit;background:var(--card);border:1px solid var(--edge);border-radius:8px}
        .button{display:inline-block;min-height:2.75rem;margin-top:1.25rem;padding:.55rem 1.5rem;font:inherit;font-weight:600;color:var(--on);background:var(--accent);border:1px solid var(--accent);border-radius:8px;cursor:pointer;text-decoration:none}
        .plain{min-height:2rem;padding:.25rem 0;font:inherit;color:var(--accent);background:none;border:0;text-decoration:underline;text-underline-offset:.2em;cursor:pointer}
        :focus-visible{outline:3px solid var(--accent);outline-offset:2px}
        footer{border-top:1px solid var(--line);margin-top:1.5rem;padding-top:1rem;font-size:.9rem;color:var(--soft)}
        footer p{margin:.25rem 0}
        pre{margin:.4rem 0 0;padding:.8rem .9rem;background:var(--ground);border:1px solid var(--line);border-radius:8px;font:0.85rem/1.5 ui-monospace,SFMono-Regular,Consolas,"DejaVu Sans Mono",monospace;white-space:pre-wrap;overflow-wrap:anywhere}
        .verdict{border-radius:8px;padding:.7rem .9rem;margin:0 0 1rem;font-weight:600}
        .yes{background:var(--good-soft);color:var(--good)}
        .no{background:var(--bad-soft);color:var(--bad)}
        details{margin-top:1rem}
        summary{cursor:pointer;font-weight:600;padding:.25rem 0}
        """;

    /// <summary>The policy's source expression for <see cref="Css"/>.</summary>
    public static readonly string Source = $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Css)))}'";
}

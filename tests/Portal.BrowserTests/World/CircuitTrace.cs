using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Portal.BrowserTests.World;

/// <summary>
/// The order of what a page did: where it went, which events it sent over its circuit and by which handler, which renderings it confirmed. An event that the server does not
/// know, or one that never left, cannot be seen on a picture.
/// </summary>
/// <remarks>Of what is sent only the names are kept, never what was typed.</remarks>
internal sealed partial class CircuitTrace
{
    private const int Kept = 120;

    private readonly ConcurrentQueue<string> _lines = new();
    private readonly Stopwatch _watch = Stopwatch.StartNew();

    /// <summary>Notes from now on what a page does.</summary>
    public void Follow(IPage page)
    {
        page.FrameNavigated += (_, frame) => Note($"at {new Uri(frame.Url).AbsolutePath}");
        page.WebSocket += (_, socket) =>
        {
            Note("connects");
            socket.Close += (_, _) => Note("disconnects");
            socket.FrameSent += (_, frame) => NoteSent(frame);
        };
    }

    /// <summary>The last of it, a line each, with the milliseconds since the page was opened.</summary>
    public override string ToString() => string.Join(Environment.NewLine, _lines);

    // The hub's protocol is binary; the names in it are plain text. Several messages may share a frame.
    private void NoteSent(IWebSocketFrame frame)
    {
        foreach (Match match in Sent().Matches(frame.Text ?? Encoding.Latin1.GetString(frame.Binary ?? [])))
            Note(match.Groups["id"].Success ? $"{match.Groups["name"]} by handler {match.Groups["id"]}" : "confirms a rendering");
    }

    private void Note(string what)
    {
        _lines.Enqueue(string.Create(CultureInfo.InvariantCulture, $"  {_watch.ElapsedMilliseconds,7} {what}"));
        if (_lines.Count > Kept)
            _lines.TryDequeue(out _);
    }

    [GeneratedRegex("""
        "eventHandlerId":(?<id>\d+),"eventName":"(?<name>\w+)"|OnRenderCompleted
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Sent();
}

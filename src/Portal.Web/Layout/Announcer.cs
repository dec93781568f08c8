namespace Portal.Web.Layout;

/// <summary>Says something to people who do not see the screen, without moving their focus.</summary>
public sealed class Announcer
{
    /// <summary>Raised when there is something new to say.</summary>
    public event Action? Said;

    /// <summary>What was said last; empty before.</summary>
    public string Text { get; private set; } = "";

    /// <summary>Says a short sentence, politely. For what changed without the reader's doing, or after it elsewhere on the page.</summary>
    public void Say(string text)
    {
        // The same words twice in a row are read twice only when the text differs.
        Text = text == Text ? text + "\u00a0" : text;
        Said?.Invoke();
    }
}

namespace Portal.Web.Components;

/// <summary>How a state feels. Each has a colour and an icon of its own; the words come from the page.</summary>
public enum PillTone
{
    /// <summary>Nothing to feel: a plain fact.</summary>
    Neutral,

    /// <summary>Someone has to act, or a time has to come.</summary>
    Waiting,

    /// <summary>The portal is at work.</summary>
    Working,

    /// <summary>As wished.</summary>
    Good,

    /// <summary>A person should look.</summary>
    Attention,

    /// <summary>Refused or failed.</summary>
    Bad,

    /// <summary>Over.</summary>
    Ended,
}

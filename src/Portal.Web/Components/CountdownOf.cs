namespace Portal.Web.Components;

/// <summary>What a <see cref="Countdown"/> counts towards.</summary>
public enum CountdownOf
{
    /// <summary>Access ends.</summary>
    Ends,

    /// <summary>Access starts.</summary>
    Starts,

    /// <summary>A request lapses undecided.</summary>
    Lapses,
}

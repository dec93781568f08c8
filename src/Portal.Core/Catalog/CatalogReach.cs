namespace Portal.Core.Catalog;

/// <summary>What keeps the portal from seeing vaults.</summary>
public enum CatalogProblemKind
{
    /// <summary>The subscriptions themselves could not be listed: none of their vaults was looked at.</summary>
    Unreachable,

    /// <summary>The vaults of some subscriptions could not be listed.</summary>
    Partly,

    /// <summary>All went well, and the portal's identity sees no vault.</summary>
    Empty,
}

/// <summary>Why the catalog is not what exists. What was known before stays.</summary>
/// <param name="Kind">What keeps it.</param>
/// <param name="Code">The provider's code, or one of <see cref="AttentionCode"/>; null where nothing failed.</param>
/// <param name="Subscriptions">How many subscriptions could not be read; 0 where they were not known, or nothing failed.</param>
public sealed record CatalogProblem(CatalogProblemKind Kind, string? Code, int Subscriptions);

/// <summary>Remembers what the last look for vaults came to on this instance. With several instances one of them looks at a time: what an instance knows is good for a while only.</summary>
/// <param name="timer">By which that while goes.</param>
public sealed class CatalogReach(TimeProvider timer)
{
    /// <summary>For how long an instance goes by its own last look: three of the five minutes between two.</summary>
    public static readonly TimeSpan GoodFor = TimeSpan.FromMinutes(15);

    private volatile Look? _last;

    /// <summary>What keeps the portal from seeing vaults; null while nothing does, or this instance has not looked lately.</summary>
    public CatalogProblem? Problem => _last is { } last && timer.GetElapsedTime(last.At) < GoodFor ? last.Problem : null;

    internal void Note(CatalogProblem? problem) => _last = new Look(problem, timer.GetTimestamp());

    private sealed record Look(CatalogProblem? Problem, long At);
}

namespace Portal.Core.Grants;

/// <summary>The times by which the grant engine turns. Every instance on one database must use the same. A host may register its own; only tests have a reason to.</summary>
public sealed record GrantPace
{
    /// <summary>How long a claim holds unless it is renewed, which happens every third of it. What a dead instance held is taken over after this.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long at most between two looks for due work, when nothing wakes the worker earlier.</summary>
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a look for due work, a save or a read of the engine may last before it is given up and made again by another connection. After each that was given up the next has twice as long, so that a database that is only slow is waited for: up to half a <see cref="Lease"/> for a look, a third for a save, and a whole one for a read.</summary>
    public TimeSpan LookLimit { get; init; } = TimeSpan.FromSeconds(5);
}

namespace Portal.BrowserTests.World;

/// <summary>The tests that move the clock and change things. One portal, one clock: what one test moves, the next one must not be in the middle of, so they run one after another.</summary>
[CollectionDefinition(Name)]
public sealed class Journeys : ICollectionFixture<Stage>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "journeys";
}

/// <summary>The tests that only look, on a stage of their own: they run beside the journeys.</summary>
[CollectionDefinition(Name)]
public sealed class Looks : ICollectionFixture<Stage>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "looks";
}

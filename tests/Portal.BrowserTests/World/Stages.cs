using Portal.BrowserTests.World;

// The tests mostly wait for browsers.
[assembly: Xunit.v3.Parallelization(MaxThreads = 4)]
[assembly: AssemblyFixture(typeof(LooksStage))]

namespace Portal.BrowserTests.World;

/// <summary>The tests that move the clock and change things. One portal, one clock: what one test moves, the next one must not be in the middle of, so they run one after another.</summary>
[CollectionDefinition(Name)]
public sealed class Journeys : ICollectionFixture<Stage>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "journeys";
}

/// <summary>The stage of the tests that only look: they run beside each other and beside the journeys.</summary>
public sealed class LooksStage : Stage;

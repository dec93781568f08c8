namespace Portal.Core.Audit.Sealing.Verifying;

/// <summary>What does not hold, in the order in which it was found, up to a number.</summary>
/// <param name="most">How many are kept; whatever comes later is left out.</param>
internal sealed class Findings(int most)
{
    private readonly List<VerifyFinding> _all = [];

    /// <summary>All that were kept.</summary>
    public IReadOnlyList<VerifyFinding> All => _all;

    /// <summary>Whether one more would be left out.</summary>
    public bool AreFull => _all.Count >= most;

    /// <summary>Keeps one.</summary>
    public void Add(string what, long? position = null, string? eventId = null, string? field = null)
    {
        if (!AreFull)
            _all.Add(new VerifyFinding(what, position, eventId, field));
    }
}

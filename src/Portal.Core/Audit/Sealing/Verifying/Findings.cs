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

    /// <summary>Keeps one that was come upon earlier than it could be told, in its place.</summary>
    /// <param name="before">How many had been found when it was come upon, and were told before it since.</param>
    /// <param name="finding">What.</param>
    /// <returns>Whether it is kept.</returns>
    public bool Insert(int before, VerifyFinding finding)
    {
        if (before >= most)
            return false;
        _all.Insert(before, finding);
        if (_all.Count > most)
            _all.RemoveAt(most);
        return true;
    }

    /// <summary>Keeps one.</summary>
    public void Add(string what, long? position = null, string? eventId = null, string? field = null)
    {
        if (!AreFull)
            _all.Add(new VerifyFinding(what, position, eventId, field));
    }
}

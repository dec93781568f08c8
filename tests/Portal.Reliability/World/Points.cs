using Portal.Reliability.Worker;

namespace Portal.Reliability.World;

/// <summary>At which named points processes died, and at which the next one is to.</summary>
internal sealed class Points
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _chosen = Failpoint.All.ToDictionary(point => point, _ => 0);
    private readonly SortedDictionary<string, int> _hits = new(Failpoint.All.ToDictionary(point => point, _ => 0), StringComparer.Ordinal);
    private int _tried;

    /// <summary>How many processes were to die at a point, whether they came to it or not.</summary>
    public int Tried
    {
        get
        {
            lock (_lock)
                return _tried;
        }
    }

    /// <summary>How many died at each point.</summary>
    public SortedDictionary<string, int> Hits
    {
        get
        {
            lock (_lock)
                return new SortedDictionary<string, int>(_hits, StringComparer.Ordinal);
        }
    }

    /// <summary>Chooses one that was chosen least so far.</summary>
    public string Choose(Random random)
    {
        lock (_lock)
        {
            var point = _chosen.OrderBy(p => p.Value).ThenBy(_ => random.Next()).First().Key;
            _chosen[point]++;
            _tried++;
            return point;
        }
    }

    /// <summary>A process came to the point that was chosen, or never did: then it is the next one's turn there.</summary>
    public void Note(string point, bool reached)
    {
        lock (_lock)
        {
            if (reached)
                _hits[point]++;
            else
                _chosen[point]--;
        }
    }
}

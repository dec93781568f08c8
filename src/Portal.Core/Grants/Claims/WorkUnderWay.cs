namespace Portal.Core.Grants.Claims;

/// <summary>What this instance's worker holds at this moment, and how much more it may take. Safe for several threads.</summary>
public sealed class WorkUnderWay
{
    /// <summary>Rows in work at once, over all subscriptions.</summary>
    public const int Most = 256;

    /// <summary>Rows in work at once in one subscription: a sick one can hold no more than these.</summary>
    public const int MostPerSubscription = 64;

    /// <summary>Rows in work at once in a subscription that has stopped answering: enough to notice that it answers again.</summary>
    public const int MostWhileSilent = 2;

    // However many gives hang, so much room is left for ends.
    private const int KeptForEnds = MostPerSubscription / 4;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Subscription, bool ToEnd), int> _counts = [];
    private int _total;

    /// <summary>All rows in work.</summary>
    public int Total
    {
        get
        {
            lock (_lock)
                return _total;
        }
    }

    /// <summary>How many rows of a lane are in work.</summary>
    public int Of(string subscriptionId, bool toEnd)
    {
        lock (_lock)
            return _counts.GetValueOrDefault((subscriptionId, toEnd));
    }

    /// <summary>How many more rows of a lane may be taken into work, from 0.</summary>
    /// <param name="subscriptionId">The lane's subscription.</param>
    /// <param name="toEnd">The lane's kind.</param>
    /// <param name="silent">Whether the subscription has stopped answering.</param>
    /// <param name="takenHere">How many are about to be taken in the same subscription.</param>
    /// <param name="takenInAll">How many are about to be taken in all of them.</param>
    public int Room(string subscriptionId, bool toEnd, bool silent, int takenHere = 0, int takenInAll = 0)
    {
        lock (_lock)
        {
            var here = _counts.GetValueOrDefault((subscriptionId, true)) + _counts.GetValueOrDefault((subscriptionId, false));
            var width = silent ? MostWhileSilent : MostPerSubscription;
            var kept = toEnd ? 0 : silent ? 1 : KeptForEnds;
            return Math.Max(0, Math.Min(width - kept - here - takenHere, Most - (toEnd ? 0 : KeptForEnds) - _total - takenInAll));
        }
    }

    /// <summary>A row is taken into work.</summary>
    public void Begin(AssignmentClaim claim) => Count(claim, 1);

    /// <summary>Work on a row is over.</summary>
    public void End(AssignmentClaim claim) => Count(claim, -1);

    private void Count(AssignmentClaim claim, int by)
    {
        lock (_lock)
        {
            _counts[(claim.SubscriptionId, claim.ToEnd)] = _counts.GetValueOrDefault((claim.SubscriptionId, claim.ToEnd)) + by;
            _total += by;
        }
    }
}

namespace Portal.Core.Data;

/// <summary>Which clock this machine's was compared with.</summary>
public enum ReferenceClock
{
    /// <summary>The database's.</summary>
    Database,

    /// <summary>Resource Manager's, from the <c>Date</c> of its answers.</summary>
    ResourceManager,
}

/// <summary>How far this machine's clock is from another one.</summary>
/// <param name="Reference">The other clock.</param>
/// <param name="Offset">The other clock minus this machine's: positive when this machine is behind.</param>
/// <param name="Uncertainty">How much of the offset may be the way there and back, and the coarseness of what was said.</param>
/// <param name="Age">How long ago the other clock was last heard.</param>
public sealed record ClockReading(ReferenceClock Reference, TimeSpan Offset, TimeSpan Uncertainty, TimeSpan Age)
{
    /// <summary>Whether the clocks are certainly further apart than <see cref="ClockWatch.Tolerance"/>.</summary>
    public bool IsSkewed => Offset.Duration() - Uncertainty > ClockWatch.Tolerance;
}

/// <summary>Keeps the database's time, by which all due work is judged, and watches how far this machine's clock is from it and from Resource Manager's.</summary>
/// <remarks>
/// Between two hearings time is counted by the machine's monotonic timer, so a jump of the wall clock moves nothing. The time told
/// here never goes back, and a database whose clock jumps back by more than <see cref="Tolerance"/> is not followed until Resource
/// Manager's clock agrees with it: no jump lengthens a grant. A jump ahead is followed, which may end a grant early but never late.
/// A slow answer ends none early: an answer may have been on its way no time at all, so the time told is what was said, counted on
/// from when it came, and behind the database by at most the way there and back.
/// </remarks>
public sealed class ClockWatch(TimeProvider clock)
{
    /// <summary>The largest difference between two clocks with which access is still given.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    // The catalog is read every five minutes, so an older word of Resource Manager's means that it has not been heard at all.
    private static readonly TimeSpan TooOld = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private Hearing? _database;
    private Hearing? _kept;
    private Hearing? _cloud;
    private DateTimeOffset _latest;
    private int _stepsBack;

    /// <summary>How often the time told here went back after all, because it had been wrong. What was put off by it has to be brought forward again.</summary>
    public int StepsBack
    {
        get
        {
            lock (_lock)
                return _stepsBack;
        }
    }

    /// <summary>The database's time now, cut to the millisecond; this machine's own before the database was first heard. Never goes back.</summary>
    public DateTimeOffset Now()
    {
        lock (_lock)
        {
            var now = (_kept is { } kept ? EarliestAt(kept) : clock.GetUtcNow()).CutToMillisecond();
            if (_kept is null)
                return now;
            return _latest = now > _latest ? now : _latest;
        }
    }

    /// <summary>Asks the database for its time and keeps it.</summary>
    /// <returns>The time by which to judge what is due; see <see cref="Now"/>.</returns>
    public async Task<DateTimeOffset> AskAsync(IDatabaseClock database, PortalDb db, CancellationToken ct)
    {
        var sent = clock.GetTimestamp();
        var said = await database.ReadAsync(db, ct);
        HearDatabase(said, sent);
        return Now();
    }

    /// <summary>Notes what the database's clock said.</summary>
    /// <param name="said">What it said.</param>
    /// <param name="sent">This machine's timestamp when it was asked.</param>
    public void HearDatabase(DateTimeOffset said, long sent)
    {
        lock (_lock)
        {
            _database = Heard(said, TimeSpan.FromMilliseconds(1), sent);
            if (_kept is not { } kept || said >= At(kept) - Tolerance || (Fresh(_cloud) is { } cloud && (At(cloud) - said).Duration() - cloud.Uncertainty <= Tolerance))
            {
                // An answer that was long on its way says less than what is counted on from an earlier one, as long as both can be true: its own age would set the time back.
                if (_kept is { } earlier && EarliestAt(earlier) is var counted && counted > said && counted <= said + clock.GetElapsedTime(sent))
                    return;
                if (_kept is { } before && said < At(before) - Tolerance)
                    (_latest, _stepsBack) = (default, _stepsBack + 1);
                _kept = _database;
            }
        }
    }

    /// <summary>Notes the <c>Date</c> of an answer that Resource Manager gave.</summary>
    /// <param name="said">The date, which is cut to the second.</param>
    /// <param name="sent">This machine's timestamp when the call was sent: the date was written at some instant since.</param>
    public void HearResourceManager(DateTimeOffset said, long sent)
    {
        lock (_lock)
            _cloud = Heard(said + TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.5), sent);
    }

    /// <summary>How far this machine's clock is from those that have been heard; empty when none has.</summary>
    public IReadOnlyList<ClockReading> Readings()
    {
        lock (_lock)
            return [.. Read(ReferenceClock.Database, _database), .. Read(ReferenceClock.ResourceManager, Fresh(_cloud))];
    }

    /// <summary>The worst reading beyond <see cref="Tolerance"/>, the database's time as it is kept here among them. While there is one no access is given; taking back goes on.</summary>
    /// <returns>Null when no clock that was heard disagrees.</returns>
    public ClockReading? Skew()
    {
        lock (_lock)
            return Readings().Concat(Read(ReferenceClock.Database, _kept)).Where(r => r.IsSkewed).MaxBy(r => r.Offset.Duration());
    }

    /// <summary>Whether Resource Manager's clock was heard within the hour and no clock that was heard disagrees: what cannot be undone is done by no other time.</summary>
    public bool IsBorneOut()
    {
        lock (_lock)
            return Fresh(_cloud) is not null && Skew() is null;
    }

    private IEnumerable<ClockReading> Read(ReferenceClock reference, Hearing? hearing)
    {
        if (hearing is { } heard)
            yield return new ClockReading(reference, At(heard) - clock.GetUtcNow(), heard.Uncertainty, clock.GetElapsedTime(heard.Timestamp));
    }

    private Hearing? Fresh(Hearing? hearing) => hearing is { } heard && clock.GetElapsedTime(heard.Timestamp) < TooOld ? heard : null;

    private Hearing Heard(DateTimeOffset said, TimeSpan coarseness, long sent)
    {
        var received = clock.GetTimestamp();
        var half = clock.GetElapsedTime(sent, received) / 2;
        // It was said somewhere on the way: half the way ago, give or take as much.
        return new Hearing(said, said + half, received, half + coarseness);
    }

    private DateTimeOffset EarliestAt(Hearing hearing) => hearing.Said + clock.GetElapsedTime(hearing.Timestamp);

    private DateTimeOffset At(Hearing hearing) => hearing.Instant + clock.GetElapsedTime(hearing.Timestamp);

    private readonly record struct Hearing(DateTimeOffset Said, DateTimeOffset Instant, long Timestamp, TimeSpan Uncertainty);
}

namespace Portal.Core.Data;

/// <summary>A time, written down by the database's clock, up to which somebody holds something or has put it off.</summary>
internal static class Hold
{
    /// <summary>Whether it is in force. One that lies further ahead than any can was written by a clock that has been set back since: to wait for it could take days.</summary>
    /// <param name="until">Up to when; null for never held.</param>
    /// <param name="longest">How far ahead it was at most when it was written.</param>
    /// <param name="now">The database's time.</param>
    public static bool IsInForce(DateTimeOffset? until, TimeSpan longest, DateTimeOffset now) => until > now && until <= now + longest + ClockWatch.Tolerance;
}

namespace Portal.Core.Grants;

/// <summary>When to read again what was written. Reading is not trusted at once: Azure may show a new assignment late, and a removed one for a while.</summary>
public static class LookDelay
{
    /// <summary>How long Azure's own documentation lets a change of a role assignment take to show. What does not show by then is written again.</summary>
    /// <remarks>Microsoft Learn, "Troubleshoot Azure RBAC": role assignment changes can take up to 10 minutes to take effect.</remarks>
    public static readonly TimeSpan Propagation = TimeSpan.FromMinutes(10);

    /// <summary>Until the next look at what a lost call may change, while clocks disagree.</summary>
    public static readonly TimeSpan WhileUncertain = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan[] AfterCertainCall = [TimeSpan.FromSeconds(30)];
    private static readonly TimeSpan[] AfterLostCall = [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10)];

    /// <summary>Until the next read of what was written and is not seen: as long as it has been unseen so far, from 1 second to 1 minute.</summary>
    /// <param name="unseenFor">How long ago it was written.</param>
    /// <param name="asked">What the provider asks to wait; null when it does not say. An hour at most is waited.</param>
    public static TimeSpan WhileUnseen(TimeSpan unseenFor, TimeSpan? asked = null)
    {
        var own = unseenFor < Shortest ? Shortest : unseenFor > Longest ? Longest : unseenFor;
        return asked is not { } wait || wait <= own ? own : wait < RetryDelay.LongestAsked ? wait : RetryDelay.LongestAsked;
    }

    /// <summary>When to write again what was written and does not show: sooner where a lost call of ours may have undone it.</summary>
    public static TimeSpan UntilWrittenAgain(bool callLost) => callLost ? TimeSpan.FromMinutes(1) : Propagation;

    /// <summary>When to look whether what was seen still holds. A call whose answer was lost may arrive minutes later: after one there are four looks within ten minutes.</summary>
    /// <param name="since">When it was first seen as it should be, or the lost call was noticed.</param>
    /// <param name="callLost">Whether an earlier call's outcome never became known.</param>
    /// <param name="absent">Whether it is an absence that is to hold. A presence is looked at again only after a lost call; reconciliation does the rest.</param>
    /// <param name="now">The instant.</param>
    /// <returns>Null when that was the last look.</returns>
    public static DateTimeOffset? Confirmation(DateTimeOffset since, bool callLost, bool absent, DateTimeOffset now)
    {
        TimeSpan[] schedule = callLost ? AfterLostCall : absent ? AfterCertainCall : [];
        foreach (var after in schedule)
            if (since + after > now)
                return since + after;
        return null;
    }
}

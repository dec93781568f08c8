using Portal.Core;
using Portal.Tests.World;

namespace Portal.Tests.Grants.RandomHistories;

/// <summary>What all calls of a random history meet until something else is said.</summary>
public enum CallFault
{
    None,
    Throttled,
    Refused,
    AnswerLost,
    CrashBefore,
    CrashAfter,
    DeleteRefused,
    PutLost,
    ReadFails,
}

/// <summary>What a fake of the cloud is given for each.</summary>
internal static class CallFaults
{
    /// <summary>Before a call has any effect.</summary>
    public static Func<CloudCall, Exception?>? BeforeCalls(this CallFault fault) => fault switch
    {
        CallFault.Throttled => _ => new CloudCallException("TooManyRequests", "Slow down.", 429, isTransient: true, TimeSpan.FromSeconds(40)),
        CallFault.Refused => _ => new CloudCallException("AuthorizationFailed", "No.", 403, isTransient: false),
        CallFault.DeleteRefused => call => call.Verb == CloudVerb.Delete ? new CloudCallException("ScopeLocked", "Locked.", 409, isTransient: false) : null,
        CallFault.PutLost => call => call.Verb == CloudVerb.Put ? new CloudCallException("NoAnswer", "No answer.", null, isTransient: true) : null,
        CallFault.CrashBefore => _ => Histories.ProcessGone(),
        _ => null,
    };

    /// <summary>After a call took effect.</summary>
    public static Func<CloudCall, Exception?>? AfterCalls(this CallFault fault) => fault switch
    {
        CallFault.AnswerLost => _ => new CloudCallException("Timeout", "No answer.", null, isTransient: true),
        CallFault.CrashAfter => _ => Histories.ProcessGone(),
        _ => null,
    };

    /// <summary>At a read.</summary>
    public static Func<Exception?>? OfReads(this CallFault fault) =>
        fault == CallFault.ReadFails ? () => new CloudCallException("InternalServerError", "Oops.", 500, isTransient: true) : null;
}

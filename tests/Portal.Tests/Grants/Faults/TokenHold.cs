using System.Reflection;
using Microsoft.Identity.Client;

namespace Portal.Tests.Grants.Faults;

/// <summary>After a 429 or 5xx of the issuer MSAL asks it no more for as long as that said, or a minute: for the whole process, and by the real clock, which these tests do not wait for.</summary>
internal static class TokenHold
{
    private const BindingFlags Any = BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly Action ForgetAll = Find();

    /// <summary>Lets that time be over.</summary>
    public static void Lift() => ForgetAll();

    // Not part of MSAL's public face: when it is gone, this fails and says so.
    private static Action Find()
    {
        var kind = typeof(MsalException).Assembly.GetType("Microsoft.Identity.Client.OAuth2.Throttling.SingletonThrottlingManager", throwOnError: true)!;
        var keeper = kind.GetMethod("GetInstance", Any)!.Invoke(null, null)!;
        return kind.GetMethod("ResetCache", Any)!.CreateDelegate<Action>(keeper);
    }
}

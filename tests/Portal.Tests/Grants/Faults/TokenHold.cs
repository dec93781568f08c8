using System.Reflection;
using Microsoft.Identity.Client;

namespace Portal.Tests.Grants.Faults;

/// <summary>After a 429 or 5xx of the issuer MSAL asks it no more for as long as that said, or a minute: for the whole process, and by the real clock, which these tests do not wait for.</summary>
internal static class TokenHold
{
    // MSAL's own hook for its own tests; there is no public one.
    private static readonly MethodInfo Reset = typeof(ApplicationBase).GetMethod("ResetStateForTest", BindingFlags.Static | BindingFlags.NonPublic)
        ?? throw new InvalidOperationException("MSAL has no ResetStateForTest any more: look how it forgets what it was told to wait for.");

    /// <summary>Lets that time be over.</summary>
    public static void Lift() => Reset.Invoke(null, null);
}

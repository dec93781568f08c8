using System.Text.RegularExpressions;
using Azure.Core;
using Portal.Core;

namespace Portal.Azure.Connection;

/// <summary>An ARM id that the portal may send: a vault, or one secret of it. Anything else is refused before it becomes part of an address.</summary>
internal sealed partial record ArmScope(ResourceIdentifier Id, Guid SubscriptionId, ResourceIdentifier VaultId)
{
    /// <summary>Reads a scope.</summary>
    /// <exception cref="CloudCallException">With code <c>InvalidScope</c>: it is neither a vault nor a secret.</exception>
    internal static ArmScope Parse(string scope)
    {
        var match = Shape().Match(scope);
        if (!match.Success || match.Groups["group"].Value.EndsWith('.'))
            throw new CloudCallException(AttentionCode.InvalidScope, "The scope is neither a vault nor a secret of one.", null, isTransient: false);
        return new ArmScope(new ResourceIdentifier(scope), Guid.Parse(match.Groups["sub"].Value), new ResourceIdentifier(match.Groups["vault"].Value));
    }

    /// <summary>True when something at <paramref name="above"/> also holds at <paramref name="scope"/>. ARM ids know no upper and lower case.</summary>
    internal static bool Covers(string above, string scope) =>
        scope.StartsWith(above, StringComparison.OrdinalIgnoreCase) && (scope.Length == above.Length || above.EndsWith('/') || scope[above.Length] == '/');

    // Names as Azure allows them: group 1-90 of letters, digits and -_.(), vault 3-24, secret 1-127.
    [GeneratedRegex(@"\A(?<vault>/subscriptions/(?<sub>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})/resourceGroups/(?<group>[\p{L}\p{Nd}_().-]{1,90})/providers/Microsoft\.KeyVault/vaults/[0-9a-z-]{3,24})(/secrets/[0-9a-z-]{1,127})?\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Shape();
}

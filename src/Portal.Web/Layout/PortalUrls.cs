namespace Portal.Web.Layout;

/// <summary>Every address of the portal's own pages, in one place. All are local and start with a slash.</summary>
public static class PortalUrls
{
    public const string Home = "/";
    public const string Catalog = "/catalog";
    public const string Requests = "/requests";
    public const string Approvals = "/approvals";
    public const string Grants = "/grants";
    public const string Policies = "/policies";
    public const string Audit = "/audit";
    public const string AuditQuestions = "/audit/questions";
    public const string AuditCharts = "/audit/charts";
    public const string AuditHolds = "/audit/holds";
    public const string AuditExport = "/audit/export";
    public const string AuditEvidence = "/audit/evidence";
    public const string AuditCheckpoint = "/audit/checkpoint";
    public const string AuditKey = "/audit/key";
    public const string AuditProof = "/audit/proof";
    public const string AuditConsistency = "/audit/consistency";
    public const string Operations = "/operations";
    public const string SignOut = "/account/signout";
    public const string SignedOut = "/account/signed-out";
    public const string SignInFailed = "/account/sign-in-failed";
    public const string AccessChanged = "/account/access-changed";
    public const string Forbidden = "/account/forbidden";

    /// <summary>The catalog, narrowed; null or empty leaves a filter out.</summary>
    /// <param name="search">Words that must all occur.</param>
    /// <param name="environment">Only this environment.</param>
    /// <param name="show"><c>all</c>, or <c>mine</c> for what the reader may ask for; null for what suits the reader.</param>
    public static string CatalogWith(string? search = null, string? environment = null, string? show = null) =>
        With(Catalog, ("q", search), ("environment", environment), ("show", show));

    /// <summary>A vault and its secrets.</summary>
    public static string Vault(string vault, string? search = null, string? show = null) =>
        With($"{Catalog}/{Uri.EscapeDataString(vault)}", ("q", search), ("show", show));

    /// <summary>One secret of a vault.</summary>
    public static string Secret(string vault, string secret) => $"{Catalog}/{Uri.EscapeDataString(vault)}/{Uri.EscapeDataString(secret)}";

    /// <summary>Asking for a vault as a whole.</summary>
    public static string WholeVault(string vault) => $"/vaults/{Uri.EscapeDataString(vault)}/request";

    /// <summary>Asking again for what an earlier request asked for; while its access lasts, for more time.</summary>
    /// <param name="vault">The vault.</param>
    /// <param name="secret">The secret; null for the vault as a whole.</param>
    /// <param name="reference">The earlier request.</param>
    public static string AskAgain(string vault, string? secret, string reference) => With(secret is null ? WholeVault(vault) : Secret(vault, secret), ("again", reference));

    /// <summary>One access request: the same page for the one who asked, those who decide, administrators and auditors. Its grant is shown there too.</summary>
    /// <param name="reference">What people call it, such as <c>R-4K7Q9ZTM</c>.</param>
    public static string Request(string reference) => $"{Requests}/{Uri.EscapeDataString(reference)}";

    /// <summary>Requests, narrowed; null leaves a filter out.</summary>
    public static string RequestsWith(string? state = null, string? of = null) => With(Requests, ("state", state), ("of", of));

    /// <summary>Grants, narrowed; null leaves a filter out.</summary>
    public static string GrantsWith(string? show = null, string? of = null) => With(Grants, ("show", show), ("of", of));

    /// <summary>One access policy.</summary>
    public static string Policy(string name) => $"{Policies}/{Uri.EscapeDataString(name)}";

    /// <summary>The operators' page, narrowed; null leaves a filter out.</summary>
    public static string OperationsWith(string? show = null, string? pauses = null, string? drift = null) => With(Operations, ("show", show), ("pauses", pauses), ("drift", drift));

    /// <summary>What to do about a code that a grant shows; null for all of them.</summary>
    public static string Runbook(string? code) => code is null ? $"{Operations}/runbook" : $"{Operations}/runbook/{Uri.EscapeDataString(code)}";

    /// <summary>Where a sign-in starts.</summary>
    /// <param name="returnUrl">A local address to come back to; null for the home page.</param>
    public static string SignIn(string? returnUrl = null) => With("/account/signin", ("returnUrl", returnUrl));

    /// <summary>An address with query parameters; those that are null or empty are left out.</summary>
    public static string With(string path, params ReadOnlySpan<(string Name, string? Value)> query)
    {
        var url = new System.Text.StringBuilder(path);
        var separator = '?';
        foreach (var (name, value) in query)
            if (!string.IsNullOrEmpty(value))
            {
                url.Append(separator).Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
                separator = '&';
            }

        return url.ToString();
    }
}

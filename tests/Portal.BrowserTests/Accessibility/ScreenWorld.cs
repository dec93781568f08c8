using Portal.BrowserTests.World;
using Portal.Core.Approvals;
using Portal.Core.Grants;
using Portal.Core.Requests;

namespace Portal.BrowserTests.Accessibility;

/// <summary>A working day at the company, so that no screen is looked at empty: requests in every state, grants that last and one that is over.</summary>
/// <param name="Waiting">Mira's request that waits for Priya.</param>
/// <param name="Active">Mira's request whose access lasts.</param>
/// <param name="Scheduled">Mira's request whose access starts tomorrow.</param>
/// <param name="Ended">Mira's request whose access Tomás has revoked.</param>
/// <param name="Denied">Mira's request that Priya denied.</param>
public sealed record ScreenWorld(SubmittedRequest Waiting, SubmittedRequest Active, SubmittedRequest Scheduled, SubmittedRequest Ended, SubmittedRequest Denied)
{
    private const string Vault = "kv-payments-prod";

    /// <summary>Makes the day happen.</summary>
    public static async Task<ScreenWorld> MakeAsync(Stage stage)
    {
        var active = await stage.HoldsAsync(Person.Mira, Person.Priya, Vault, "paypal-client-secret", TimeSpan.FromHours(4), "PayPal rejects our refunds since the rollout; comparing the client secret with theirs.");
        var scheduled = await stage.AskAsync(Person.Mira, Vault, "settlement-report-sftp-key", TimeSpan.FromHours(1), "Moving the settlement reports to the new host tomorrow morning.", "CHG-20418", stage.Clock.GetUtcNow().AddHours(18));
        await stage.DecideAsync(Person.Priya, scheduled, Verdict.Approved, "Fine. Please be done before nine.");
        var ended = await stage.HoldsAsync(Person.Mira, Person.Priya, Vault, "bank-sftp-password", TimeSpan.FromHours(2), "The bank asks for a manual upload of the March file.");
        await stage.RevokeAsync(Person.Tomas, ended, "The bank has withdrawn its request.");
        await stage.GrantReachesAsync(ended, GrantState.Ended);
        var denied = await stage.AskAsync(Person.Mira, Vault, "db-ledger-connection", TimeSpan.FromHours(4), "Looking into slow queries.");
        await stage.DecideAsync(Person.Priya, denied, Verdict.Denied, "The read-only connection is enough for that: ask for db-ledger-readonly-connection.");
        var waiting = await stage.AskAsync(Person.Mira, Vault, "db-payments-readonly-connection", TimeSpan.FromMinutes(30), "Chargeback 8841 is missing from the report; comparing it with the ledger.", "INC-7731");
        return new ScreenWorld(waiting, active, scheduled, ended, denied);
    }
}

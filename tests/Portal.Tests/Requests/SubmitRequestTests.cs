using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Catalog;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Tests.World;

namespace Portal.Tests.Requests;

/// <summary>Asking for access, and every way of asking for what cannot be had.</summary>
public sealed class SubmitRequestTests
{
    [Theory, BothDatabases]
    public async Task A_request_and_its_event_are_saved_together(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var asked = await world.AskAsync(draft: PortalWorld.Draft(ticket: "INC-4711"));
        var request = await world.RequestAsync(asked.RequestId);
        Assert.Equal((RequestState.Pending, Company.Stripe, "payments", 1, TimeSpan.FromMinutes(30), "INC-4711"),
            (request.State, request.Scope, request.PolicyName, request.PolicyVersion, request.Duration, request.Ticket));
        Assert.Matches("^R-[0-9A-HJKMNP-TV-Z]{8}$", request.Reference);
        var submitted = Assert.Single(await world.EventsAsync(asked.RequestId));
        Assert.Equal(("request.submitted", Company.Mira.ObjectId, request.Justification, "192.0.2.7"), (submitted.Code, submitted.ActorObjectId, submitted.Comment, submitted.ClientAddress));
    }

    [Theory, BothDatabases]
    public async Task Without_an_audit_record_there_is_no_request(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        world.DatabaseFaults.Break = sql => sql.Contains("INSERT INTO \"AuditEvents\"", StringComparison.Ordinal) ? new IOException("The disk is full.") : null;
        await Assert.ThrowsAnyAsync<Exception>(() => world.SubmitAsync(Company.Mira, PortalWorld.Draft()));
        world.DatabaseFaults.Break = null;
        Assert.Equal(0, await world.ReadAsync(db => db.AccessRequests.CountAsync()));
    }

    public static TheoryData<string, RequestDraft, string, string?> Refused => new()
    {
        { "no justification", PortalWorld.Draft(justification: null), RefusalCode.TextBlank, "justification" },
        { "empty justification", PortalWorld.Draft(justification: ""), RefusalCode.TextBlank, "justification" },
        { "blank justification", PortalWorld.Draft(justification: " \t\r\n\u00A0\u3000"), RefusalCode.TextBlank, "justification" },
        { "zero-width justification", PortalWorld.Draft(justification: "\u200B\u200D\uFEFF\u2060"), RefusalCode.TextBlank, "justification" },
        { "Hangul fillers", PortalWorld.Draft(justification: "\u3164\u115F\uFFA0"), RefusalCode.TextBlank, "justification" },
        { "10,001 characters", PortalWorld.Draft(justification: new string('x', 10_001)), RefusalCode.TextTooLong, "justification" },
        { "NUL", PortalWorld.Draft(justification: "a\0b"), RefusalCode.TextControlCharacter, "justification" },
        { "escape", PortalWorld.Draft(justification: "a\u001B[31mb"), RefusalCode.TextControlCharacter, "justification" },
        { "lone high surrogate", PortalWorld.Draft(justification: "a\uD83Db"), RefusalCode.TextLoneSurrogate, "justification" },
        { "lone low surrogate", PortalWorld.Draft(justification: "a\uDE00"), RefusalCode.TextLoneSurrogate, "justification" },
        { "right-to-left override", PortalWorld.Draft(justification: "approve \u202Eedocrm"), RefusalCode.TextDirectionOverride, "justification" },
        { "isolate", PortalWorld.Draft(justification: "approve \u2067x"), RefusalCode.TextDirectionOverride, "justification" },
        { "101 characters of ticket", PortalWorld.Draft(ticket: new string('9', 101)), RefusalCode.TextTooLong, "ticket" },
        { "NUL in the ticket", PortalWorld.Draft(ticket: "INC\0"), RefusalCode.TextControlCharacter, "ticket" },
        { "zero duration", PortalWorld.Draft(minutes: 0), RefusalCode.WindowEmpty, "duration" },
        { "negative duration", PortalWorld.Draft(minutes: -30), RefusalCode.WindowEmpty, "duration" },
        { "most negative duration", PortalWorld.Draft() with { Duration = TimeSpan.MinValue }, RefusalCode.WindowEmpty, "duration" },
        { "four minutes", PortalWorld.Draft(minutes: 4), RefusalCode.WindowTooShort, "duration" },
        { "longer than the policy's window", PortalWorld.Draft(minutes: 481), RefusalCode.WindowTooLong, "duration" },
        { "overflowing duration", PortalWorld.Draft() with { Duration = TimeSpan.MaxValue }, RefusalCode.WindowTooLong, "duration" },
        { "overflowing duration from later", PortalWorld.Draft(start: PortalWorld.Start.AddDays(1)) with { Duration = TimeSpan.MaxValue }, RefusalCode.WindowTooLong, "duration" },
        { "a window that is nearly over", PortalWorld.Draft(minutes: 8, start: PortalWorld.Start.AddMinutes(-4)), RefusalCode.WindowNearlyOver, "start" },
        { "a window that would lapse as it is sent", PortalWorld.Draft(minutes: 5, start: PortalWorld.Start), RefusalCode.WindowNearlyOver, "start" },
        { "start in the past", PortalWorld.Draft(start: PortalWorld.Start.AddMinutes(-6)), RefusalCode.WindowInPast, "start" },
        { "start at the beginning of time", PortalWorld.Draft(start: DateTimeOffset.MinValue), RefusalCode.WindowInPast, "start" },
        { "start too far ahead", PortalWorld.Draft(start: PortalWorld.Start.AddDays(31)), RefusalCode.WindowTooFarAhead, "start" },
        { "start at the end of time", PortalWorld.Draft(start: DateTimeOffset.MaxValue), RefusalCode.WindowTooFarAhead, "start" },
        { "unknown secret", PortalWorld.Draft(Company.PaymentsVault + "/secrets/no-such"), RefusalCode.ScopeUnknown, "scope" },
        { "unknown vault", PortalWorld.Draft(Company.VaultId("kv-nowhere")), RefusalCode.ScopeUnknown, "scope" },
        { "a scope of another subscription", PortalWorld.Draft(Company.Stripe.Replace("9e10c0de", "11111111", StringComparison.Ordinal)), RefusalCode.ScopeUnknown, "scope" },
        { "the subscription itself", PortalWorld.Draft("/subscriptions/9e10c0de-2222-4000-8000-00000000c001"), RefusalCode.ScopeUnknown, "scope" },
        { "no scope", PortalWorld.Draft(""), RefusalCode.ScopeUnknown, "scope" },
        { "a path that climbs", PortalWorld.Draft(Company.PaymentsVault + "/secrets/../secrets/stripe-api-key"), RefusalCode.ScopeUnknown, "scope" },
        { "disabled secret", PortalWorld.Draft(Company.DisabledSecret), RefusalCode.SecretDisabled, "scope" },
        { "vault with access policies", PortalWorld.Draft(Company.LegacySecret), RefusalCode.VaultUsesAccessPolicies, "scope" },
        { "locked vault", PortalWorld.Draft(Company.LockedSecret), RefusalCode.ScopeLocked, "scope" },
        { "Owner", PortalWorld.Draft() with { RoleDefinitionId = new("8e3af657-a8ff-443c-a75c-2fe8c4bcb635") }, RefusalCode.RoleNotGrantable, "role" },
        { "Key Vault Contributor", PortalWorld.Draft() with { RoleDefinitionId = new("f25e0fa2-a7c8-4377-a976-54943a77a395") }, RefusalCode.RoleNotGrantable, "role" },
        { "Key Vault Administrator", PortalWorld.Draft() with { RoleDefinitionId = new("00482a5a-887f-4fb3-b363-3b7fe8e74483") }, RefusalCode.RoleNotGrantable, "role" },
        { "no role", PortalWorld.Draft() with { RoleDefinitionId = Guid.Empty }, RefusalCode.RoleNotGrantable, "role" },
        { "a role that no policy offers there", PortalWorld.Draft(role: GrantableRole.Reader), RefusalCode.NotOffered, null },
        { "another team's vault", PortalWorld.Draft(Company.Carrier, ticket: "INC-1"), RefusalCode.NotEligible, null },
    };

    [Theory, MemberData(nameof(Refused))]
    public async Task What_cannot_be_had_is_refused_by_name_and_changes_nothing(string what, RequestDraft draft, string code, string? field)
    {
        Assert.NotEmpty(what);
        await using var world = await PortalWorld.OpenAsync();
        var refusals = (await world.SubmitAsync(Company.Mira, draft)).Refusals;
        Assert.Contains(refusals, r => r.Code == code && r.Field == field);
        Assert.Equal(0, await world.ReadAsync(db => db.AccessRequests.CountAsync()));

        // The dialog said the same beforehand, word for word.
        var preview = await world.Get<PreviewRequest>().ExecuteAsync(draft, await world.IdentifyAsync(Company.Mira), TestContext.Current.CancellationToken);
        Assert.Equal(refusals.Select(Text), preview.Value.Missing.Select(Text));

        var matters = refusals.Any(r => r.Code is RefusalCode.RoleNotGrantable or RefusalCode.ScopeUnknown or RefusalCode.NotOffered or RefusalCode.NotEligible);
        Assert.Equal(matters ? 1 : 0, (await world.CodesAsync()).Count(c => c == "identity.attempt_refused"));
    }

    [Fact]
    public async Task All_that_is_wrong_is_said_at_once()
    {
        await using var world = await PortalWorld.OpenAsync();
        var refusals = (await world.SubmitAsync(Company.Jonas, PortalWorld.Draft(Company.Carrier, minutes: 300, justification: " "))).Refusals;
        Assert.Equal([RefusalCode.WindowTooLong, RefusalCode.TicketMissing, RefusalCode.TextBlank], refusals.Select(r => r.Code));
    }

    [Fact]
    public async Task A_deleted_secret_is_refused_as_deleted()
    {
        await using var world = await PortalWorld.OpenAsync();
        world.Inventory.RemoveSecret(Company.Stripe);
        await world.SyncAsync();
        Assert.Equal(RefusalCode.SecretDeleted, Assert.Single((await world.SubmitAsync(Company.Mira, PortalWorld.Draft())).Refusals).Code);
    }

    [Fact]
    public async Task A_vault_that_is_gone_is_unknown()
    {
        await using var world = await PortalWorld.OpenAsync();
        world.Inventory.RemoveVault(Company.PaymentsVault);
        await world.SyncAsync();
        Assert.Equal(RefusalCode.ScopeUnknown, Assert.Single((await world.SubmitAsync(Company.Mira, PortalWorld.Draft())).Refusals).Code);
    }

    [Fact]
    public async Task The_limits_themselves_are_allowed()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.AskAsync(draft: PortalWorld.Draft(minutes: 480, justification: new string('x', 10_000), ticket: new string('9', 100)));
        await world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword, minutes: 5, start: PortalWorld.Start.AddDays(30)));
    }

    [Fact]
    public async Task A_scope_is_found_whatever_its_case()
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync(draft: PortalWorld.Draft(Company.Stripe.ToUpperInvariant()));
        Assert.Equal(Company.Stripe, (await world.RequestAsync(asked.RequestId)).Scope);
    }

    [Theory, BothDatabases]
    public async Task A_second_request_for_the_same_is_refused_while_the_first_is_pending(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.AskAsync();
        var refusal = Assert.Single((await world.SubmitAsync(Company.Mira, PortalWorld.Draft(minutes: 60))).Refusals);
        Assert.Equal((RefusalCode.DuplicateRequest, first.Reference), (refusal.Code, refusal.Arguments[0]));
        await world.AskAsync(Company.Priya);
    }

    [Theory, BothDatabases]
    public async Task A_lapsed_request_does_not_stand_in_the_way_of_a_new_one(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.AskAsync();
        world.Clock.Advance(TimeSpan.FromHours(24));
        world.HearTheCloud();
        await world.AskAsync();
        Assert.Equal(RequestState.Lapsed, (await world.RequestAsync(first.RequestId)).State);
        Assert.Contains("request.lapsed", await world.CodesAsync(first.RequestId));
    }

    [Theory, BothDatabases]
    public async Task A_double_click_makes_one_request(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var key = Guid.NewGuid();
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => world.SubmitAsync(Company.Mira, PortalWorld.Draft(), key))));
        Assert.Single(results.Select(r => r.Value.Reference).Distinct());
        Assert.Single(await world.CodesAsync(), "request.submitted");
    }

    [Theory, BothDatabases]
    public async Task Two_tabs_that_send_at_once_make_one_request(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => world.SubmitAsync(Company.Mira, PortalWorld.Draft()))));
        Assert.Single(results, r => r.Succeeded);
        Assert.All(results.Where(r => !r.Succeeded), r => Assert.Equal(RefusalCode.DuplicateRequest, Assert.Single(r.Refusals).Code));
        Assert.Single(await world.CodesAsync(), "request.submitted");
    }

    [Fact]
    public async Task Another_person_may_use_the_same_submission_key()
    {
        await using var world = await PortalWorld.OpenAsync();
        var key = Guid.NewGuid();
        var mine = (await world.SubmitAsync(Company.Mira, PortalWorld.Draft(), key)).Value;
        var theirs = (await world.SubmitAsync(Company.Priya, PortalWorld.Draft(), key)).Value;
        Assert.NotEqual(mine.RequestId, theirs.RequestId);
    }

    [Fact]
    public async Task While_the_directory_is_silent_nobody_asks()
    {
        await using var world = await PortalWorld.OpenAsync();
        world.Directory.Fault = new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true);
        Assert.Equal(RefusalCode.StandingUnknown, Assert.Single((await world.SubmitAsync(Company.Mira, PortalWorld.Draft())).Refusals).Code);
        Assert.Contains("identity.attempt_refused", await world.CodesAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_role_or_an_account_taken_away_counts_at_the_next_command(bool account)
    {
        await using var world = await PortalWorld.OpenAsync();
        if (account)
            world.Directory.Disable(Company.Mira);
        else
            world.Directory.TakeRoles(Company.Mira);
        Assert.Equal(RefusalCode.SignedOut, Assert.Single((await world.SubmitAsync(Company.Mira, PortalWorld.Draft())).Refusals).Code);
    }

    [Fact]
    public async Task The_policy_version_that_governs_is_pinned()
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync();
        await world.LoadPoliciesAsync([Company.Policies[0] with { Approvers = [new(Company.PlatformApprovers, "platform-approvers")] }, .. Company.Policies.Skip(1)]);
        Assert.Equal(1, (await world.RequestAsync(asked.RequestId)).PolicyVersion);
        Assert.Equal(RefusalCode.NotApprover, (await world.DecideAsync(asked.RequestId, Company.Tomas)).Refusals[0].Code);
        // A yes needs the version in force as well.
        Assert.Equal(RefusalCode.NotApproverNow, (await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals[0].Code);
        Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya, Verdict.Denied, "Ask again")).Refusals);
    }

    [Fact]
    public async Task The_preview_says_who_decides_and_until_when()
    {
        await using var world = await PortalWorld.OpenAsync();
        var preview = (await world.Get<PreviewRequest>().ExecuteAsync(PortalWorld.Draft(), await world.IdentifyAsync(Company.Mira), TestContext.Current.CancellationToken)).Value;
        Assert.Equal(["payments-approvers"], preview.ApproverGroups);
        Assert.Equal((TimeSpan.FromHours(8), PortalWorld.Start.AddMinutes(30), (DateTimeOffset?)null), (preview.LongestWindow, preview.EndsAtIfApprovedNow, preview.HeldUntil));
        Assert.Empty(preview.Missing);

        var held = await world.PromiseAsync();
        await world.WorkAsync();
        preview = (await world.Get<PreviewRequest>().ExecuteAsync(PortalWorld.Draft(), await world.IdentifyAsync(Company.Mira), TestContext.Current.CancellationToken)).Value;
        Assert.Equal(held.EndsAt, preview.HeldUntil);
    }

    [Fact]
    public async Task A_requester_without_the_role_sees_no_preview()
    {
        await using var world = await PortalWorld.OpenAsync();
        var refused = await world.Get<PreviewRequest>().ExecuteAsync(PortalWorld.Draft(), await world.IdentifyAsync(Company.Ingrid), TestContext.Current.CancellationToken);
        Assert.Equal((RefusalCode.RoleMissing, PortalRole.Requester.ToString()), (refused.Refusals[0].Code, refused.Refusals[0].Arguments[0]));
    }

    private static string Text(Refusal refusal) => $"{refusal.Code}|{refusal.Field}|{string.Join(',', refusal.Arguments)}";
}

using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Exports.Checking;
using Portal.Core.Audit.Questions;
using Portal.Core.Audit.Retention;
using Portal.Core.Audit.SavedFilters;
using Portal.Core.Audit.Sealing;
using Portal.Core.Audit.Search;
using Portal.Core.Audit.Streaming;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Operations;
using Portal.Core.Grants.Pauses;
using Portal.Core.Grants.Reconciliation;
using Portal.Core.Identity;
using Portal.Core.Policies;
using Portal.Core.Requests;
using Portal.Tests.World;

namespace Portal.Tests.Identity;

/// <summary>Every use case × role × ownership. What the table does not allow is refused inside the use case and changes nothing but the trail.</summary>
public sealed class UseCaseMatrixTests
{
    // O: the one whose request, grant or scope it is (and who is in the approvers' group as well). P: an approver of the policy. S: a stranger of another team.
    // Disabled and Unconfirmed hold all four roles. The system is nobody's owner: S means that it may.
    private const string Expected = """
        Attempt                       Requester Approver Auditor Administrator None Disabled Unconfirmed System
        AcceptStore                   -         -        -       -             -    -        -           S
        BrowseCatalog                 OPS       OPS      OPS     OPS           -    -        OPS         -
        ChartAuditEvents              OPS       OPS      OPS     OPS           -    -        OPS         -
        ClaimDueAssignments           -         -        -       -             -    -        -           S
        CountOpenItems                -         -        OPS     -             -    -        OPS         -
        CountInbox                    OPS       OPS      OPS     OPS           -    -        -           -
        DecideRequest/approve         -         P        -       -             -    -        -           -
        DecideRequest/deny            -         P        -       -             -    -        P           -
        DeliverStream                 -         -        -       -             -    -        -           S
        CountAuditEvents              OPS       OPS      OPS     OPS           -    -        OPS         -
        DeleteAuditFilter             O         O        O       O             -    -        O           -
        DriveAssignment               -         -        -       -             -    -        -           S
        EndSignIn                     OPS       OPS      OPS     OPS           OPS  OPS      OPS         -
        EnterSpooledRevocations       -         -        -       -             -    -        -           S
        ExportAuditEvents             OPS       OPS      OPS     OPS           -    -        OPS         -
        FindPauseTargets              -         -        -       OPS           -    -        OPS         -
        GetCatalogEntry               OPS       OPS      OPS     OPS           -    -        OPS         -
        GetConsistencyProof           -         -        OPS     -             -    -        OPS         -
        GetInclusionProof             O         O        OPS     O             -    -        OPS         -
        GetLag                        -         -        OPS     OPS           -    -        OPS         -
        GetOperations                 -         -        OPS     OPS           -    -        OPS         -
        GetRequest                    O         OP       OPS     OPS           -    -        OPS         -
        LookAgain                     -         -        -       -             -    -        -           S
        LapseRequests                 -         -        -       -             -    -        -           S
        ListAuditEvents               OPS       OPS      OPS     OPS           -    -        OPS         -
        ListCheckpoints               -         -        OPS     -             -    -        OPS         -
        ListAuditFilters              OPS       OPS      OPS     OPS           -    -        OPS         -
        ListDrift                     -         -        OPS     OPS           -    -        OPS         -
        ListGrants/mine               OPS       OPS      OPS     OPS           -    -        OPS         -
        ListGrants/everyone           -         -        OPS     OPS           -    -        OPS         -
        IndexAuditEvents              -         -        -       -             -    -        -           S
        LiftHold                      -         -        OPS     -             -    -        -           -
        ListHolds                     -         -        OPS     OPS           -    -        OPS         -
        ListInbox                     -         OPS      -       -             -    -        -           -
        ListPauses                    -         -        OPS     OPS           -    -        OPS         -
        ListPolicies                  OPS       OPS      OPS     OPS           -    -        OPS         -
        ListRequests/mine             OPS       OPS      OPS     OPS           -    -        OPS         -
        ListRequests/everyone         -         -        OPS     OPS           -    -        OPS         -
        ListStreams                   -         -        OPS     OPS           -    -        OPS         -
        ListWork                      -         -        OPS     OPS           -    -        OPS         -
        LoadPolicies                  -         -        -       -             -    -        -           S
        MeasureStreams                -         -        -       -             -    -        -           S
        MakeEvidencePack              -         -        OPS     -             -    -        OPS         -
        MeasureWork                   -         -        -       -             -    -        -           S
        NoteExport                    -         -        OPS     -             -    -        OPS         -
        OpenStreams                   -         -        -       -             -    -        -           S
        PauseAccess                   -         -        -       OPS           -    -        OPS         -
        PlaceHold                     -         -        OPS     -             -    -        OPS         -
        PreviewRequest                OPS       -        -       -             -    -        -           -
        PruneAuditEvents              -         -        -       -             -    -        -           S
        ReconcileAssignments          -         -        -       OPS           -    -        OPS         S
        RecordSignIn                  OPS       OPS      OPS     OPS           OPS  OPS      OPS         -
        ReplayStream                  -         -        -       -             -    -        -           S
        ResumeAccess                  -         -        -       OPS           -    -        -           -
        RetryNow                      -         -        -       OPS           -    -        OPS         -
        ReturnGrant                   O         O        O       O             -    -        O           -
        RevokeGrant                   -         -        -       OPS           -    -        OPS         -
        RevokeInOutage                -         -        -       -             -    -        -           S
        RotateSigningKey              -         -        -       -             -    -        -           S
        SealEvents                    -         -        -       -             -    -        -           S
        SaveAuditFilter               OPS       OPS      OPS     OPS           -    -        OPS         -
        SearchNames                   OPS       OPS      OPS     OPS           -    -        OPS         -
        SearchPeople                  -         -        OPS     -             -    -        OPS         -
        SubmitRequest                 O         -        -       -             -    -        -           -
        SweepAssignments              -         -        -       -             -    -        -           S
        SyncCatalog                   -         -        -       -             -    -        -           S
        TestAccess                    O         O        O       O             -    -        O           -
        UpholdPauses                  -         -        -       -             -    -        -           S
        VerifyDatabase                -         -        OPS     -             -    -        OPS         S
        VerifyExport                  -         -        -       -             -    -        -           S
        WhatAdministratorsChanged     -         -        OPS     -             -    -        OPS         -
        WhatWasHeld                   -         -        OPS     -             -    -        OPS         -
        WhatWasNeverUsed              -         -        OPS     -             -    -        OPS         -
        WhatWentAroundTheRules        -         -        OPS     -             -    -        OPS         -
        WhoApprovedWhom               -         -        OPS     -             -    -        OPS         -
        WhoHadAccess                  -         -        OPS     -             -    -        OPS         -
        WithdrawRequest               O         O        O       O             -    -        O           -
        """;

    private static readonly Dictionary<string, Func<Scene, Actor, Task<IReadOnlyList<Refusal>>>> Attempts = new()
    {
        ["BrowseCatalog"] = (s, a) => Of(s.Get<BrowseCatalog>().ExecuteAsync(new CatalogQuery(), a, Ct)),
        ["ClaimDueAssignments"] = (s, a) => Of(s.Get<ClaimDueAssignments>().ExecuteAsync(10, a, Ct)),
        ["CountOpenItems"] = (s, a) => Of(s.Get<CountOpenItems>().ExecuteAsync(new EvidencePeriod(null, null), a, Ct)),
        ["MakeEvidencePack"] = (s, a) => Of(s.Get<MakeEvidencePack>().ExecuteAsync(new EvidencePeriod(null, null), a, Ct)),
        ["CountAuditEvents"] = (s, a) => Of(s.Get<CountAuditEvents>().ExecuteAsync(new AuditFilter(), a, Ct)),
        ["DeleteAuditFilter"] = (s, a) => Of(s.Get<DeleteAuditFilter>().ExecuteAsync(s.FilterId, a, Ct)),
        ["ListAuditFilters"] = (s, a) => Of(s.Get<ListAuditFilters>().ExecuteAsync(a, Ct)),
        ["SaveAuditFilter"] = (s, a) => Of(s.Get<SaveAuditFilter>().ExecuteAsync(new FilterToSave("Other", new AuditFilter { VaultName = "kv" }), a, Ct)),
        ["ChartAuditEvents"] = (s, a) => Of(s.Get<ChartAuditEvents>().ExecuteAsync(new ChartQuery(new AuditFilter(), TimeZoneInfo.Utc), a, Ct)),
        ["WhatAdministratorsChanged"] = (s, a) => Of(s.Get<WhatAdministratorsChanged>().ExecuteAsync(AnyTime, a, Ct)),
        ["WhatWasHeld"] = (s, a) => Of(s.Get<WhatWasHeld>().ExecuteAsync(new HoldingQuestion(Company.Mira.ObjectId, AnyTime), a, Ct)),
        ["WhatWasNeverUsed"] = (s, a) => Of(s.Get<WhatWasNeverUsed>().ExecuteAsync(AnyTime, a, Ct)),
        ["WhatWentAroundTheRules"] = (s, a) => Of(s.Get<WhatWentAroundTheRules>().ExecuteAsync(AnyTime, a, Ct)),
        ["WhoApprovedWhom"] = (s, a) => Of(s.Get<WhoApprovedWhom>().ExecuteAsync(new ApprovalQuestion(null, AnyTime), a, Ct)),
        ["WhoHadAccess"] = (s, a) => Of(s.Get<WhoHadAccess>().ExecuteAsync(new AccessQuestion("kv-payments-prod", "stripe-api-key", AnyTime), a, Ct)),
        ["CountInbox"] = (s, a) => Of(s.Get<CountInbox>().ExecuteAsync(a, Ct)),
        ["DecideRequest/approve"] = (s, a) => Of(s.Get<DecideRequest>().ExecuteAsync(new DecisionInput(s.Pending.RequestId, Verdict.Approved, null), a, Ct)),
        ["DecideRequest/deny"] = (s, a) => Of(s.Get<DecideRequest>().ExecuteAsync(new DecisionInput(s.Pending.RequestId, Verdict.Denied, "No"), a, Ct)),
        ["EndSignIn"] = (s, a) => Of(s.Get<EndSignIn>().ExecuteAsync(new SignInEnd(Guid.NewGuid(), PortalWorld.Start.AddHours(8)), a, Ct)),
        ["EnterSpooledRevocations"] = (s, a) => Of(s.Get<EnterSpooledRevocations>().ExecuteAsync(a, Ct)),
        ["RevokeInOutage"] = (s, a) => Of(s.Get<RevokeInOutage>().ExecuteAsync(a, Ct)),
        ["DeliverStream"] = (s, a) => Of(s.Get<DeliverStream>().ExecuteAsync(FakeStreamSender.Siem, a, Ct)),
        ["DriveAssignment"] = (s, a) => Of(s.Get<DriveAssignment>().ExecuteAsync(s.Claim, a, Ct)),
        ["ExportAuditEvents"] = (s, a) => Of(s.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(new AuditFilter()), a, Ct)),
        ["VerifyExport"] = (s, a) => Of(s.Get<VerifyExport>().ExecuteAsync(new ExportToVerify(typeof(UseCaseMatrixTests).Assembly.Location, []), null, a, Ct)),
        ["FindPauseTargets"] = (s, a) => Of(s.Get<FindPauseTargets>().ExecuteAsync(new PauseTargetQuery(PauseTarget.Principal, "mira"), a, Ct)),
        ["GetCatalogEntry"] = (s, a) => Of(s.Get<GetCatalogEntry>().ExecuteAsync(Company.Stripe, a, Ct)),
        ["GetConsistencyProof"] = (s, a) => Of(s.Get<GetConsistencyProof>().ExecuteAsync(new ConsistencyQuery(0, 0), a, Ct)),
        ["GetInclusionProof"] = async (s, a) => await Of(s.Get<GetInclusionProof>().ExecuteAsync(new InclusionQuery(await s.EventOfOwnerAsync()), a, Ct)),
        ["GetLag"] = (s, a) => Of(s.Get<GetLag>().ExecuteAsync(a, Ct)),
        ["GetOperations"] = (s, a) => Of(s.Get<GetOperations>().ExecuteAsync(a, Ct)),
        ["GetRequest"] = (s, a) => Of(s.Get<GetRequest>().ExecuteAsync(s.Pending.Reference, a, Ct)),
        ["LapseRequests"] = (s, a) => Of(s.Get<LapseRequests>().ExecuteAsync(a, Ct)),
        ["LookAgain"] = (s, a) => Of(s.Get<LookAgain>().ExecuteAsync(a, Ct)),
        ["ListAuditEvents"] = (s, a) => Of(s.Get<ListAuditEvents>().ExecuteAsync(new AuditListQuery(new AuditFilter()), a, Ct)),
        ["ListCheckpoints"] = (s, a) => Of(s.Get<ListCheckpoints>().ExecuteAsync(new CheckpointQuery(), a, Ct)),
        ["ListDrift"] = (s, a) => Of(s.Get<ListDrift>().ExecuteAsync(new DriftQuery(), a, Ct)),
        ["ListGrants/mine"] = (s, a) => Of(s.Get<ListGrants>().ExecuteAsync(new GrantQuery(), a, Ct)),
        ["ListGrants/everyone"] = (s, a) => Of(s.Get<ListGrants>().ExecuteAsync(new GrantQuery(GrantAudience.Everyone), a, Ct)),
        ["LiftHold"] = (s, a) => Of(s.Get<LiftHold>().ExecuteAsync(new HoldLift(s.HoldId, "Settled"), a, Ct)),
        ["ListHolds"] = (s, a) => Of(s.Get<ListHolds>().ExecuteAsync(new HoldQuery(), a, Ct)),
        ["ListInbox"] = (s, a) => Of(s.Get<ListInbox>().ExecuteAsync(new InboxQuery(), a, Ct)),
        ["ListPauses"] = (s, a) => Of(s.Get<ListPauses>().ExecuteAsync(new PauseQuery(), a, Ct)),
        ["ListPolicies"] = (s, a) => Of(s.Get<ListPolicies>().ExecuteAsync(a, Ct)),
        ["ListRequests/mine"] = (s, a) => Of(s.Get<ListRequests>().ExecuteAsync(new RequestQuery(), a, Ct)),
        ["ListRequests/everyone"] = (s, a) => Of(s.Get<ListRequests>().ExecuteAsync(new RequestQuery(RequestAudience.Everyone), a, Ct)),
        ["ListStreams"] = (s, a) => Of(s.Get<ListStreams>().ExecuteAsync(a, Ct)),
        ["ListWork"] = (s, a) => Of(s.Get<ListWork>().ExecuteAsync(new WorkListQuery(), a, Ct)),
        ["LoadPolicies"] = (s, a) => Of(s.Get<LoadPolicies>().ExecuteAsync([.. Company.Policies.Skip(1)], a, Ct)),
        ["MeasureStreams"] = (s, a) => Of(s.Get<MeasureStreams>().ExecuteAsync(a, Ct)),
        ["MeasureWork"] = (s, a) => Of(s.Get<MeasureWork>().ExecuteAsync(a, Ct)),
        ["NoteExport"] = (s, a) => Of(s.Get<NoteExport>().ExecuteAsync(0, a, Ct)),
        ["OpenStreams"] = (s, a) => Of(s.Get<OpenStreams>().ExecuteAsync(a, Ct)),
        ["PauseAccess"] = (s, a) => Of(s.Get<PauseAccess>().ExecuteAsync(new PauseInput(PauseTarget.Everything, null, null, "Incident", TakeBack: true), a, Ct)),
        ["PlaceHold"] = (s, a) => Of(s.Get<PlaceHold>().ExecuteAsync(new HoldInput(HoldTarget.Request, s.Pending.Reference, "Case 7"), a, Ct)),
        ["PreviewRequest"] = (s, a) => Of(s.Get<PreviewRequest>().ExecuteAsync(PortalWorld.Draft(), a, Ct)),
        ["PruneAuditEvents"] = (s, a) => Of(s.Get<PruneAuditEvents>().ExecuteAsync(a, Ct)),
        ["ReconcileAssignments"] = (s, a) => Of(s.Get<ReconcileAssignments>().ExecuteAsync(a, Ct)),
        ["RecordSignIn"] = (s, a) => Of(s.Get<RecordSignIn>().ExecuteAsync(SignInStep.In, a, Ct)),
        ["ReplayStream"] = (s, a) => Of(s.Get<ReplayStream>().ExecuteAsync(new StreamReplay("siem", 0), a, Ct)),
        ["ResumeAccess"] = (s, a) => Of(s.Get<ResumeAccess>().ExecuteAsync(s.PauseId, a, Ct)),
        ["RetryNow"] = (s, a) => Of(s.Get<RetryNow>().ExecuteAsync(new RetryInput(null), a, Ct)),
        ["ReturnGrant"] = (s, a) => Of(s.Get<ReturnGrant>().ExecuteAsync(s.Active.Id, a, Ct)),
        ["RevokeGrant"] = (s, a) => Of(s.Get<RevokeGrant>().ExecuteAsync(new RevocationInput(s.Active.Id, "Laptop lost"), a, Ct)),
        ["AcceptStore"] = (s, a) => Of(s.Get<AcceptStore>().ExecuteAsync(new StoreAcceptance(Accepts: true), a, Ct)),
        ["RotateSigningKey"] = (s, a) => Of(s.Get<RotateSigningKey>().ExecuteAsync(a, Ct)),
        ["VerifyDatabase"] = (s, a) => Of(s.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(), null, a, Ct)),
        ["IndexAuditEvents"] = (s, a) => Of(s.Get<IndexAuditEvents>().ExecuteAsync(a, Ct)),
        ["SealEvents"] = (s, a) => Of(s.Get<SealEvents>().ExecuteAsync(new SealOrder(), a, Ct)),
        ["SearchNames"] = (s, a) => Of(s.Get<SearchNames>().ExecuteAsync(new NameQuery("kv"), a, Ct)),
        ["SearchPeople"] = (s, a) => Of(s.Get<SearchPeople>().ExecuteAsync("mira", a, Ct)),
        ["SubmitRequest"] = (s, a) => Of(s.Get<SubmitRequest>().ExecuteAsync(new RequestSubmission(Guid.NewGuid(), PortalWorld.Draft(Company.PaymentsVault)), a, Ct)),
        ["SweepAssignments"] = (s, a) => Of(s.Get<SweepAssignments>().ExecuteAsync(new SweepOptions(), _ => { }, a, Ct)),
        ["SyncCatalog"] = (s, a) => Of(s.Get<SyncCatalog>().ExecuteAsync(a, Ct)),
        ["TestAccess"] = (s, a) => Of(s.Get<TestAccess>().ExecuteAsync(new AccessTest(s.Active.Id, new NoTokens()), a, Ct)),
        ["UpholdPauses"] = (s, a) => Of(s.Get<UpholdPauses>().ExecuteAsync(a, Ct)),
        ["WithdrawRequest"] = (s, a) => Of(s.Get<WithdrawRequest>().ExecuteAsync(s.Pending.RequestId, a, Ct)),
    };

    private static AuditPeriod AnyTime => new(DateTimeOffset.UnixEpoch, PortalWorld.Start.AddYears(1));

    private static readonly Dictionary<string, Func<Actor, Actor>> Standings = new()
    {
        ["Requester"] = a => With(a, PortalRole.Requester),
        ["Approver"] = a => With(a, PortalRole.Approver),
        ["Auditor"] = a => With(a, PortalRole.Auditor),
        ["Administrator"] = a => With(a, PortalRole.Administrator),
        ["None"] = a => With(a),
        ["Disabled"] = a => With(a, Enum.GetValues<PortalRole>()) with { Enabled = false },
        ["Unconfirmed"] = a => With(a, Enum.GetValues<PortalRole>()) with { Confirmed = false },
    };

    public static TheoryData<string> Rows => [.. Table().Keys];

    [Fact]
    public void The_table_names_every_use_case() => Assert.Empty(Missing(UseCases(typeof(PortalDb).Assembly), [.. Table().Keys]));

    [Fact]
    public void A_use_case_that_the_table_does_not_name_is_found() => Assert.Equal(["Unlisted"], Missing([typeof(Unlisted)], [.. Table().Keys]));

    [Fact]
    public void Every_row_of_the_table_is_attempted() => Assert.Equal(Table().Keys.Order(StringComparer.Ordinal), Attempts.Keys.Order(StringComparer.Ordinal));

    [Theory, MemberData(nameof(Rows))]
    public async Task Only_those_whom_the_table_allows(string attempt)
    {
        var wrong = new List<string>();
        var scene = await Scene.OpenAsync();
        foreach (var (standing, allowed) in Table()[attempt])
        {
            foreach (var who in standing == "System" ? "S" : "OPS")
            {
                var actor = standing == "System" ? Actor.System : Standings[standing](scene.Person(who));
                var before = await scene.SnapshotAsync();
                var succeeded = await SucceedsAsync(scene, attempt, actor);
                if (succeeded != allowed.Contains(who, StringComparison.Ordinal))
                    wrong.Add(string.Create(CultureInfo.InvariantCulture, $"{standing} {who}: {(succeeded ? "was allowed" : "was refused")}"));
                var after = await scene.SnapshotAsync();
                if (!succeeded && before != after)
                    wrong.Add($"{standing} {who}: was refused, and yet {before} became {after}");
                if (before == after)
                    continue;
                await scene.DisposeAsync();
                scene = await Scene.OpenAsync();
            }
        }

        await scene.DisposeAsync();
        Assert.Empty(wrong);
    }

    /// <summary>A use case is a sealed class with an ExecuteAsync that takes an actor.</summary>
    internal static IReadOnlyList<Type> UseCases(Assembly assembly) =>
        [.. assembly.GetTypes().Where(t => t is { IsClass: true, IsSealed: true, IsAbstract: false } && t.GetMethods().Any(m => m.Name == "ExecuteAsync" && m.GetParameters().Any(p => p.ParameterType == typeof(Actor))))];

    private static IReadOnlyList<string> Missing(IEnumerable<Type> useCases, IReadOnlyCollection<string> rows) =>
        [.. useCases.Select(t => t.Name).Where(name => rows.All(r => r.Split('/')[0] != name))];

    private static Dictionary<string, Dictionary<string, string>> Table()
    {
        var lines = Expected.Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        var standings = lines[0].Skip(1);
        return lines.Skip(1).ToDictionary(l => l[0], l => standings.Zip(l.Skip(1)).ToDictionary(p => p.First, p => p.Second));
    }

    private static async Task<bool> SucceedsAsync(Scene scene, string attempt, Actor actor)
    {
        try
        {
            return (await Attempts[attempt](scene, actor)).Count == 0;
        }
        catch (ArgumentException) when (actor.Id is null)
        {
            // Some use cases are for those who have an identity; the system has none, and asking is a fault of ours.
            return false;
        }
    }

    private static Actor With(Actor actor, params PortalRole[] roles) => actor with { Roles = roles.ToHashSet() };

    private static async Task<IReadOnlyList<Refusal>> Of<T>(Task<Result<T>> attempt) => (await attempt).Refusals;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed class Unlisted
    {
        public static Task ExecuteAsync(Actor actor) => Task.FromResult(actor);
    }

    /// <summary>Mira has a pending request and an active grant; another grant of hers waits for the worker.</summary>
    private sealed class Scene : IAsyncDisposable
    {
        private readonly PortalWorld _world;

        private Scene(PortalWorld world) => _world = world;

        public required SubmittedRequest Pending { get; init; }

        public required Grant Active { get; init; }

        public required AssignmentClaim Claim { get; init; }

        public required Guid PauseId { get; init; }

        /// <summary>An event that Mira caused.</summary>
        public Task<Guid> EventOfOwnerAsync() => _world.ReadAsync(db => db.AuditEvents.Where(e => e.Code == "request.submitted").OrderBy(e => e.Sequence).Select(e => e.EventId).FirstAsync());
        public required Guid HoldId { get; init; }

        public required Guid FilterId { get; init; }

        public static async Task<Scene> OpenAsync()
        {
            var world = await PortalWorld.OpenAsync();
            var active = await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword, minutes: 240));
            await world.WorkAsync();
            await world.PromiseAsync(draft: PortalWorld.Draft(role: GrantableRole.SecretsOfficer));
            var claim = Assert.Single(await world.ClaimAsync());
            var pause = await world.PauseAsync(new PauseInput(PauseTarget.Scope, null, Company.LegacyVault, "Migration"));
            var hold = new LegalHold(new HoldSubject(HoldTarget.Scope, "kv-legacy-erp", Scope: Company.LegacyVault), "Case 6", Actor.System, world.Clock.GetUtcNow());
            await using (var db = world.OpenDb())
            {
                db.AuditStreams.Add(new AuditStream("siem", 0));
                db.LegalHolds.Add(hold);
                await db.SaveChangesAsync(Ct);
            }

            var filter = (await world.Get<SaveAuditFilter>().ExecuteAsync(new FilterToSave("Mine", new AuditFilter { VaultName = "kv" }), await world.IdentifyAsync(Company.Mira), Ct)).Value;
            return new Scene(world) { FilterId = filter.Id, HoldId = hold.Id, Active = active, Claim = claim, Pending = await world.AskAsync(), PauseId = pause.PauseId };
        }

        public T Get<T>() where T : notnull => _world.Get<T>();

        public Actor Person(char who) => who switch
        {
            'O' => Someone(Company.Mira.ObjectId, "owner", Company.PaymentsEngineers, Company.PaymentsApprovers),
            'P' => Someone(new("00000000-0000-4000-8000-0000000000aa"), "approver", Company.PaymentsApprovers),
            _ => Someone(new("00000000-0000-4000-8000-0000000000bb"), "stranger", Company.LogisticsEngineers, Company.LogisticsApprovers),
        };

        /// <summary>All that can change, but refused attempts in the trail.</summary>
        public Task<string> SnapshotAsync() => _world.ReadAsync(async db => JsonSerializer.Serialize(new
        {
            Requests = await db.AccessRequests.OrderBy(r => r.Id).Select(r => new { r.Id, r.State, r.Revision }).ToListAsync(),
            Decisions = await db.ApprovalDecisions.CountAsync(),
            Grants = await db.Grants.OrderBy(g => g.Id).Select(g => new { g.Id, g.State, g.EndsAt, g.Revision }).ToListAsync(),
            Assignments = await db.DesiredAssignments.OrderBy(a => a.Id).Select(a => new { a.Id, a.Observed, a.Revision }).ToListAsync(),
            Filters = await db.SavedAuditFilters.OrderBy(f => f.Id).Select(f => new { f.Id, f.SavedAt }).ToListAsync(),
            Pauses = await db.AccessPauses.OrderBy(p => p.Id).Select(p => new { p.Id, p.Revision }).ToListAsync(),
            Holds = await db.LegalHolds.OrderBy(h => h.Id).Select(h => new { h.Id, h.Revision }).ToListAsync(),
            Policies = await db.AccessPolicies.OrderBy(p => p.Id).Select(p => new { p.Name, p.Version, p.RetiredAt }).ToListAsync(),
            Secrets = await db.Secrets.CountAsync(),
            People = await db.People.CountAsync(),
            Reconciliations = await db.ReconciliationRuns.CountAsync(),
            Events = await db.AuditEvents.CountAsync(e => e.Code != "identity.attempt_refused"),
            Calls = _world.Cloud.Calls.Count,
        }));

        public ValueTask DisposeAsync() => _world.DisposeAsync();

        private static Actor Someone(Guid objectId, string name, params Guid[] groups) =>
            new(ActorKind.Person, new PrincipalId(Company.Tenant, objectId), name, null, new HashSet<PortalRole>(), groups.ToHashSet()) { Confirmed = true };
    }
}

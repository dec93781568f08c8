using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Portal.Core.Approvals;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Exports.Checking;
using Portal.Core.Audit.Questions;
using Portal.Core.Audit.Reads;
using Portal.Core.Audit.Retention;
using Portal.Core.Audit.SavedFilters;
using Portal.Core.Audit.Sealing;
using Portal.Core.Audit.Search;
using Portal.Core.Audit.Streaming;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;
using Portal.Core.Grants.Operations;
using Portal.Core.Grants.Pacing;
using Portal.Core.Grants.Pauses;
using Portal.Core.Grants.Reconciliation;
using Portal.Core.Identity;
using Portal.Core.Policies;
using Portal.Core.Requests;

namespace Portal.Core;

/// <summary>Registers the use cases.</summary>
public static class PortalCore
{
    /// <summary>Adds them. The host brings the database (<c>IDbContextFactory&lt;PortalDb&gt;</c>, <see cref="IDueWork"/>, <see cref="IDatabaseClock"/>, <see cref="IAuditReading"/>), the clock and the seams to the cloud.</summary>
    public static IServiceCollection AddPortalCore(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(Random.Shared);
        services.TryAddSingleton(new GrantPace());
        services.AddSingleton<IGrantProvider, RoleAssignmentProvider>().AddSingleton<GrantProviders>();
        services.AddSingleton<ChangeFeed>().AddSingleton<DriveSteps>().AddSingleton<DatabaseInTime>().AddSingleton<SharedSaves>().AddSingleton<WorkMeter>().AddSingleton<WorkUnderWay>().AddSingleton<LeftToOthers>().AddSingleton<UntoldCalls>().AddSingleton<LateCalls>();
        services.TryAddSingleton<ClockWatch>();
        services.TryAddSingleton<CallPacing>();
        services.AddSingleton<StepBack>().AddSingleton<AssignmentRoom>();

        services.AddTransient<IdentifyActor>().AddTransient<RecordSignIn>().AddTransient<EndSignIn>();
        services.AddSingleton<CatalogReach>().AddTransient<SyncCatalog>();
        services.AddSingleton<PoliciesInForce>().AddTransient<LoadPolicies>().AddTransient<ListPolicies>();
        services.AddTransient<BrowseCatalog>().AddTransient<SearchNames>().AddTransient<GetCatalogEntry>();
        services.TryAddSingleton(new RequestLimits());
        services.AddTransient<PreviewRequest>().AddTransient<SubmitRequest>().AddTransient<WithdrawRequest>().AddTransient<LapseRequests>().AddTransient<ListRequests>();
        services.AddTransient<ListInbox>().AddTransient<CountInbox>().AddTransient<GetRequest>().AddTransient<DecideRequest>();
        services.AddTransient<LookAgain>().AddTransient<GrantPreconditions>().AddTransient<ClaimDueAssignments>().AddTransient<DriveAssignment>();
        services.TryAddSingleton(new SpoolOptions(null));
        services.AddSingleton<RevocationSpool>().AddSingleton<RevokeInOutage>().AddTransient<EnterSpooledRevocations>();
        services.AddTransient<ListGrants>().AddTransient<ReturnGrant>().AddTransient<RevokeGrant>().AddTransient<TestAccess>();
        services.AddTransient<ReconcileAssignments>().AddTransient<ListDrift>().AddTransient<SweepAssignments>();
        services.AddTransient<GetOperations>().AddTransient<GetLag>().AddTransient<ListWork>().AddTransient<MeasureWork>().AddTransient<RetryNow>();
        services.AddTransient<PauseAccess>().AddTransient<ResumeAccess>().AddTransient<ListPauses>().AddTransient<FindPauseTargets>().AddTransient<UpholdPauses>();
        services.TryAddSingleton(SealingOptions.None);
        services.TryAddSingleton<ICheckpointStore>(provider => new CheckpointFile(provider.GetRequiredService<SealingOptions>().CheckpointFile));
        services.AddSingleton<CheckpointStores>().AddSingleton<CheckpointProtection>();
        services.AddSingleton<AuditHealth>().AddSingleton<SigningKeyFile>().AddSingleton<LogState>().AddTransient<SealEvents>().AddTransient<FreshCheckpoint>();
        services.AddTransient<GetInclusionProof>().AddTransient<GetConsistencyProof>().AddTransient<ListCheckpoints>().AddTransient<VerifyDatabase>().AddTransient<RotateSigningKey>().AddTransient<AcceptStore>();
        services.TryAddSingleton(new RetentionOptions(null));
        services.AddTransient<PlaceHold>().AddTransient<LiftHold>().AddTransient<ListHolds>().AddTransient<NoteExport>().AddTransient<PruneAuditEvents>();
        services.TryAddSingleton(StreamOptions.None);
        services.AddSingleton<StreamMeter>().AddTransient<OpenStreams>().AddTransient<DeliverStream>().AddTransient<ReplayStream>().AddTransient<ListStreams>().AddTransient<MeasureStreams>();
        services.AddSingleton<AuditReads>().AddTransient<ListAuditEvents>().AddTransient<ExportAuditEvents>().AddTransient<VerifyExport>().AddTransient<MakeEvidencePack>().AddTransient<CountOpenItems>().AddTransient<SearchPeople>();
        services.AddTransient<WhoHadAccess>().AddTransient<WhatWasHeld>().AddTransient<WhoApprovedWhom>().AddTransient<WhatWasNeverUsed>().AddTransient<WhatWentAroundTheRules>().AddTransient<WhatAdministratorsChanged>().AddTransient<ChartAuditEvents>();
        services.AddTransient<CountAuditEvents>().AddTransient<IndexAuditEvents>().AddTransient<SaveAuditFilter>().AddTransient<ListAuditFilters>().AddTransient<DeleteAuditFilter>();
        return services;
    }
}

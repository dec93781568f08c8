using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Portal.Core.Approvals;
using Portal.Core.Audit;
using Portal.Core.Audit.Retention;
using Portal.Core.Audit.SavedFilters;
using Portal.Core.Audit.Sealing;
using Portal.Core.Audit.Streaming;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Grants.Pauses;
using Portal.Core.Grants.Reconciliation;
using Portal.Core.Identity;
using Portal.Core.Policies;
using Portal.Core.Requests;

namespace Portal.Core.Data;

/// <summary>The portal's database: one model for SQLite and PostgreSQL.</summary>
/// <remarks>A unit of work may be handed out again after it is disposed (<see cref="PortalDbPool"/>). Entity Framework sets back what is its own; what is added here says itself which unit of work it is of.</remarks>
public sealed class PortalDb(DbContextOptions<PortalDb> options) : DbContext(options)
{
    private readonly EventsToSave _events = new();
    private DbContextId? _savedIn;

    /// <summary>The vaults of the catalog.</summary>
    public DbSet<Vault> Vaults => Set<Vault>();

    /// <summary>The secrets of the catalog.</summary>
    public DbSet<Secret> Secrets => Set<Secret>();

    /// <summary>All versions of all access policies.</summary>
    public DbSet<AccessPolicy> AccessPolicies => Set<AccessPolicy>();

    /// <summary>The access requests.</summary>
    public DbSet<AccessRequest> AccessRequests => Set<AccessRequest>();

    /// <summary>The verdicts on them.</summary>
    public DbSet<ApprovalDecision> ApprovalDecisions => Set<ApprovalDecision>();

    /// <summary>The grants.</summary>
    public DbSet<Grant> Grants => Set<Grant>();

    /// <summary>What should be in the cloud, one row per (scope, principal, role).</summary>
    public DbSet<DesiredAssignment> DesiredAssignments => Set<DesiredAssignment>();

    /// <summary>Differences between what should be in the cloud and what was found there.</summary>
    public DbSet<Drift> Drifts => Set<Drift>();

    /// <summary>The comparisons that looked for them.</summary>
    public DbSet<ReconciliationRun> ReconciliationRuns => Set<ReconciliationRun>();

    /// <summary>What administrators paused.</summary>
    public DbSet<AccessPause> AccessPauses => Set<AccessPause>();

    /// <summary>The audit trail.</summary>
    public DbSet<AuditEvent> AuditEvents => Set<AuditEvent>();

    /// <summary>Events that have no place in the log yet.</summary>
    public DbSet<PendingSeal> PendingSeals => Set<PendingSeal>();

    /// <summary>The places of events in the log.</summary>
    public DbSet<AuditLeaf> AuditLeaves => Set<AuditLeaf>();

    /// <summary>The log's hashes.</summary>
    public DbSet<AuditTile> AuditTiles => Set<AuditTile>();

    /// <summary>What was signed of the log.</summary>
    public DbSet<AuditCheckpoint> AuditCheckpoints => Set<AuditCheckpoint>();

    /// <summary>Who may seal now: one row.</summary>
    public DbSet<AuditSealer> AuditSealers => Set<AuditSealer>();

    /// <summary>The public keys that checkpoints were signed with.</summary>
    public DbSet<AuditKey> AuditKeys => Set<AuditKey>();

    /// <summary>What the checkpoint stores were seen to hold.</summary>
    public DbSet<AuditStore> AuditStores => Set<AuditStore>();

    /// <summary>What keeps retention from pruning.</summary>
    public DbSet<LegalHold> LegalHolds => Set<LegalHold>();

    /// <summary>How far retention is: one row.</summary>
    public DbSet<RetentionState> RetentionStates => Set<RetentionState>();

    /// <summary>What retention took of requests' events.</summary>
    public DbSet<PrunedTimeline> PrunedTimelines => Set<PrunedTimeline>();

    /// <summary>How far each destination has been told of the log.</summary>
    public DbSet<AuditStream> AuditStreams => Set<AuditStream>();

    /// <summary>The filters of the audit page that people keep.</summary>
    public DbSet<SavedAuditFilter> SavedAuditFilters => Set<SavedAuditFilter>();

    /// <summary>The web host's own protection keys.</summary>
    public DbSet<StoredKey> StoredKeys => Set<StoredKey>();

    /// <summary>Sign-ins that were ended before they ran out.</summary>
    public DbSet<EndedSignIn> EndedSignIns => Set<EndedSignIn>();

    /// <summary>Everyone the portal has seen.</summary>
    public DbSet<Person> People => Set<Person>();

    /// <summary>Whether this unit of work has saved anything. What it read before is as durable as that.</summary>
    internal bool HasSaved => _savedIn == ContextId;

    /// <summary>Whether an event waits to be saved with all else.</summary>
    internal bool HasNewEvents => _events.AreThere(this);

    /// <summary>Has the next save write an event.</summary>
    internal void Record(AuditEvent happened) => _events.Add(this, happened);

    /// <inheritdoc />
    public override int SaveChanges(bool acceptAllChangesOnSuccess)
    {
        _events.Track(this);
        PendingSeal.ForNewEvents(this);
        return Note(WriteTurn.OrderOf(options) is { } order ? order.Save(this, () => base.SaveChanges(acceptAllChangesOnSuccess)) : base.SaveChanges(acceptAllChangesOnSuccess));
    }

    /// <inheritdoc />
    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        // Whoever takes its changes as saved later by itself has them as entities, all in one hand.
        var insert = HasNewEvents && acceptAllChangesOnSuccess ? AuditInsertOptions.InsertOf(options) : null;
        if (insert is null)
            _events.Track(this);
        PendingSeal.ForNewEvents(this);
        Func<CancellationToken, Task<int>> save = insert is null
            ? ct => base.SaveChangesAsync(acceptAllChangesOnSuccess, ct)
            : ct => _events.SaveAsync(this, insert, stop => base.SaveChangesAsync(acceptAllChangesOnSuccess: false, stop), ct);
        return Note(await (WriteTurn.OrderOf(options) is { } order ? order.SaveAsync(this, save, cancellationToken) : save(cancellationToken)));
    }

    private int Note(int saved)
    {
        if (saved > 0)
            _savedIn = ContextId;
        return saved;
    }

    /// <inheritdoc />
    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.ApplyConfigurationsFromAssembly(typeof(PortalDb).Assembly);

    /// <inheritdoc />
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        // SQLite cannot compare DateTimeOffset; a UTC DateTime sorts as text there and is timestamptz on PostgreSQL.
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcConverter>();
        configurationBuilder.Properties<TimeSpan>().HaveConversion<MillisecondConverter>();
        configurationBuilder.Properties<Enum>().HaveConversion<string>().HaveMaxLength(32);
    }

    /// <summary>An instant as its UTC time. Public, because the compiled models name it.</summary>
    public sealed class UtcConverter() : ValueConverter<DateTimeOffset, DateTime>(
        instant => instant.UtcDateTime,
        stored => new DateTimeOffset(DateTime.SpecifyKind(stored, DateTimeKind.Utc)));

    /// <summary>A length of time in whole milliseconds; what is less is cut off. Public, because the compiled models name it.</summary>
    public sealed class MillisecondConverter() : ValueConverter<TimeSpan, long>(
        span => (long)span.TotalMilliseconds,
        stored => TimeSpan.FromMilliseconds(stored));
}

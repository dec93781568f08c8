using Portal.Core.Catalog;
using Portal.Core.Identity;

namespace Portal.Core.Grants.Pauses;

/// <summary>What a pause covers.</summary>
public enum PauseTarget
{
    /// <summary>Every new grant.</summary>
    Everything,

    /// <summary>One principal, wherever.</summary>
    Principal,

    /// <summary>One vault with all its secrets, or one secret; for whomever.</summary>
    Scope,
}

/// <summary>An administrator's stop: while it stands, no role that it covers is given. It never holds up an end, and it moves no end: the time of a grant that waits goes on.</summary>
public sealed class AccessPause
{
    private AccessPause()
    {
    }

    /// <summary>Begins a pause.</summary>
    public AccessPause(PauseSubject of, string reason, Actor by, DateTimeOffset now)
    {
        Id = Guid.CreateVersion7(now);
        Target = of.Target;
        TargetKey = of.Key;
        PrincipalTenantId = of.Principal?.TenantId;
        PrincipalObjectId = of.Principal?.ObjectId;
        PrincipalName = of.PrincipalName;
        Scope = of.Scope;
        VaultName = of.VaultName;
        SecretName = of.SecretName;
        Reason = reason;
        PausedBy = by.DisplayName;
        PausedByTenantId = by.Id?.TenantId;
        PausedByObjectId = by.Id?.ObjectId;
        PausedAt = now;
    }

    /// <summary>The key.</summary>
    public Guid Id { get; private set; }

    /// <summary>What kind of thing it covers.</summary>
    public PauseTarget Target { get; private set; }

    /// <summary>What it covers, as one text; no two pauses that stand have the same.</summary>
    public string TargetKey { get; private set; } = "";

    /// <summary>The principal's tenant; null when it is not about a principal.</summary>
    public Guid? PrincipalTenantId { get; private set; }

    /// <summary>The principal's object id; null when it is not about a principal.</summary>
    public Guid? PrincipalObjectId { get; private set; }

    /// <summary>The principal's name as seen then.</summary>
    public string? PrincipalName { get; private set; }

    /// <summary>The ARM id; null when it is not about a scope.</summary>
    public string? Scope { get; private set; }

    /// <summary>The vault's name as seen then.</summary>
    public string? VaultName { get; private set; }

    /// <summary>The secret's name; null for a vault as a whole.</summary>
    public string? SecretName { get; private set; }

    /// <summary>Why. Those whom it holds up read it.</summary>
    public string Reason { get; private set; } = "";

    /// <summary>Who paused, by the name seen then.</summary>
    public string PausedBy { get; private set; } = "";

    /// <summary>The tenant of the one who paused; null for the system.</summary>
    public Guid? PausedByTenantId { get; private set; }

    /// <summary>The object id of the one who paused; null for the system.</summary>
    public Guid? PausedByObjectId { get; private set; }

    /// <summary>Since when.</summary>
    public DateTimeOffset PausedAt { get; private set; }

    /// <summary>When somebody asked that what it covers ends at once; null when nobody did.</summary>
    public DateTimeOffset? TakeBackAskedAt { get; private set; }

    /// <summary>Who asked for that, by the name seen then; null when nobody did. Not always who paused.</summary>
    public string? TakeBackAskedBy { get; private set; }

    /// <summary>The tenant of the one who asked for that; null for the system.</summary>
    public Guid? TakeBackAskedByTenantId { get; private set; }

    /// <summary>The object id of the one who asked for that; null for the system.</summary>
    public Guid? TakeBackAskedByObjectId { get; private set; }

    /// <summary>Why, in their words; null when nobody did.</summary>
    public string? TakeBackReason { get; private set; }

    /// <summary>When every grant that it covered then had been asked to end; null until then.</summary>
    public DateTimeOffset? TakeBackDoneAt { get; private set; }

    /// <summary>When it was lifted; null while it stands.</summary>
    public DateTimeOffset? LiftedAt { get; private set; }

    /// <summary>Who lifted it.</summary>
    public string? LiftedBy { get; private set; }

    /// <summary>Counts the changes; a save that saw an older number does not go through.</summary>
    public int Revision { get; private set; }

    /// <summary>What it covers.</summary>
    public PauseSubject Subject => new(Target, PrincipalTenantId is { } tenant ? new PrincipalId(tenant, PrincipalObjectId!.Value) : null, PrincipalName, Scope, VaultName, SecretName);

    /// <summary>Whether grants are still to be asked to end.</summary>
    public bool IsTakingBack => TakeBackAskedAt is not null && TakeBackDoneAt is null;

    /// <summary>Whether it covers someone's access to a scope.</summary>
    public bool Covers(PrincipalId principal, string scope) => PauseSubject.KeysOf(principal, scope).Contains(TargetKey);

    /// <summary>Those of some grants that it covers.</summary>
    public IQueryable<Grant> Among(IQueryable<Grant> grants) => Subject.Among(grants);

    /// <summary>Somebody wants what it covers to end now.</summary>
    /// <exception cref="InvalidOperationException">It is lifted, or that was asked before.</exception>
    public void AskTakeBack(string reason, Actor by, DateTimeOffset now)
    {
        if (LiftedAt is not null || TakeBackAskedAt is not null)
            throw new InvalidOperationException($"Pause {Id} is lifted or has taken back already.");
        TakeBackAskedAt = now;
        TakeBackAskedBy = by.DisplayName;
        TakeBackAskedByTenantId = by.Id?.TenantId;
        TakeBackAskedByObjectId = by.Id?.ObjectId;
        TakeBackReason = reason;
        Revision++;
    }

    /// <summary>Every grant that it covers has been asked to end.</summary>
    /// <exception cref="InvalidOperationException">Nobody asked for that.</exception>
    public void NoteTakenBack(DateTimeOffset now)
    {
        if (!IsTakingBack)
            throw new InvalidOperationException($"Pause {Id} is not taking anything back.");
        TakeBackDoneAt = now;
        Revision++;
    }

    /// <summary>Lifts it.</summary>
    /// <exception cref="InvalidOperationException">It is lifted already, or still taking back.</exception>
    public void Lift(Actor by, DateTimeOffset now)
    {
        if (LiftedAt is not null || IsTakingBack)
            throw new InvalidOperationException($"Pause {Id} is lifted, or still taking back.");
        LiftedAt = now;
        LiftedBy = by.DisplayName;
        Revision++;
    }
}

/// <summary>What a pause is about.</summary>
/// <param name="Target">What kind of thing.</param>
/// <param name="Principal">The principal; null for others.</param>
/// <param name="PrincipalName">Their name.</param>
/// <param name="Scope">The ARM id of a vault or secret, in lower case; null for others.</param>
/// <param name="VaultName">The vault's name.</param>
/// <param name="SecretName">The secret's name; null for a vault as a whole.</param>
public sealed record PauseSubject(PauseTarget Target, PrincipalId? Principal = null, string? PrincipalName = null, string? Scope = null, string? VaultName = null, string? SecretName = null)
{
    /// <summary>It as one text.</summary>
    public string Key => Target switch
    {
        PauseTarget.Everything => EverythingKey,
        PauseTarget.Principal => KeyOf(Principal!.Value),
        PauseTarget.Scope => KeyOf(Scope!),
    };

    private const string EverythingKey = "everything";

    /// <summary>Every key under which someone's access to a scope can be paused.</summary>
    public static IReadOnlyList<string> KeysOf(PrincipalId principal, string scope) =>
        [.. new[] { EverythingKey, KeyOf(principal), KeyOf(scope), KeyOf(ArmId.VaultOf(scope)) }.Distinct()];

    /// <summary>Those of some grants that it covers.</summary>
    public IQueryable<Grant> Among(IQueryable<Grant> grants) => Target switch
    {
        PauseTarget.Everything => grants,
        PauseTarget.Principal => OfPrincipal(grants, Principal!.Value.TenantId, Principal.Value.ObjectId),
        PauseTarget.Scope => AtScope(grants, Scope!, ArmId.SecretsOf(Scope!)),
    };

    private static IQueryable<Grant> OfPrincipal(IQueryable<Grant> grants, Guid tenant, Guid objectId) =>
        grants.Where(g => g.PrincipalObjectId == objectId && g.PrincipalTenantId == tenant);

    private static IQueryable<Grant> AtScope(IQueryable<Grant> grants, string scope, string within) =>
        grants.Where(g => g.Scope == scope || g.Scope.StartsWith(within));

    private static string KeyOf(PrincipalId principal) => $"principal:{principal.TenantId:D}/{principal.ObjectId:D}";

    private static string KeyOf(string scope) => $"scope:{scope}";
}

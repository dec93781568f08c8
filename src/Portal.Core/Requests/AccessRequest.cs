using Portal.Core.Catalog;
using Portal.Core.Identity;
using Portal.Core.Policies;

namespace Portal.Core.Requests;

/// <summary>The ask: who wants which role where, for how long, and why. Names are copied as they were when it was sent.</summary>
public sealed class AccessRequest
{
    private AccessRequest()
    {
    }

    /// <summary>Makes a pending request. The rules have been looked at by then.</summary>
    public AccessRequest(Guid submissionKey, Actor requester, Vault vault, string? secretName, GrantableRole role, AccessWindow window, string justification, string? ticket, AccessPolicy policy, DateTimeOffset now)
    {
        Id = Guid.CreateVersion7(now);
        Reference = RequestReference.New();
        SubmissionKey = submissionKey;
        RequesterTenantId = requester.Id!.Value.TenantId;
        RequesterObjectId = requester.Id!.Value.ObjectId;
        RequesterName = requester.DisplayName;
        RequesterUpn = requester.UserPrincipalName;
        VaultName = vault.Name;
        SecretName = secretName;
        Scope = secretName is null ? vault.ArmId : ArmId.OfSecret(vault.ArmId, secretName);
        RoleDefinitionId = role.DefinitionId;
        RoleName = role.Name;
        WindowStart = window.Start?.CutToMillisecond();
        Duration = window.Duration;
        Justification = justification;
        Ticket = ticket;
        PolicyId = policy.Id;
        PolicyName = policy.Name;
        PolicyVersion = policy.Version;
        SubmittedAt = now;
        LapsesAt = now + policy.Definition.LapsesAfter;
        // With a fixed start waiting eats into the window, and of a rest that is shorter than any window nobody would have anything.
        if (WindowStart is { } start && start + Duration - LeastOf(policy) < LapsesAt)
            LapsesAt = start + Duration - LeastOf(policy);
    }

    /// <summary>The key.</summary>
    public Guid Id { get; private set; }

    /// <summary>What people call it: <c>R-</c> and eight letters or digits.</summary>
    public string Reference { get; private set; } = "";

    /// <summary>Made by the form, so that sending twice is sending once.</summary>
    public Guid SubmissionKey { get; private set; }

    /// <summary>Where it stands.</summary>
    public RequestState State { get; private set; }

    /// <summary>The tenant of the one who asks.</summary>
    public Guid RequesterTenantId { get; private set; }

    /// <summary>The object id of the one who asks.</summary>
    public Guid RequesterObjectId { get; private set; }

    /// <summary>Their name as seen then.</summary>
    public string RequesterName { get; private set; } = "";

    /// <summary>Their UPN as seen then.</summary>
    public string? RequesterUpn { get; private set; }

    /// <summary>The ARM id at which the role is asked for.</summary>
    public string Scope { get; private set; } = "";

    /// <summary>The vault's name as seen then.</summary>
    public string VaultName { get; private set; } = "";

    /// <summary>The secret's name; null for the vault as a whole.</summary>
    public string? SecretName { get; private set; }

    /// <summary>The role definition's GUID.</summary>
    public Guid RoleDefinitionId { get; private set; }

    /// <summary>The role's name as seen then.</summary>
    public string RoleName { get; private set; } = "";

    /// <summary>The start asked for; null for as soon as approved.</summary>
    public DateTimeOffset? WindowStart { get; private set; }

    /// <summary>How long.</summary>
    public TimeSpan Duration { get; private set; }

    /// <summary>Why, byte for byte as it was typed.</summary>
    public string Justification { get; private set; } = "";

    /// <summary>The ticket number; null for none.</summary>
    public string? Ticket { get; private set; }

    /// <summary>The policy version that governs this request, whatever becomes of the policy.</summary>
    public Guid PolicyId { get; private set; }

    /// <summary>The policy's name.</summary>
    public string PolicyName { get; private set; } = "";

    /// <summary>The policy's version.</summary>
    public int PolicyVersion { get; private set; }

    /// <summary>When it was sent.</summary>
    public DateTimeOffset SubmittedAt { get; private set; }

    /// <summary>When it lapses if nobody decides: after as long as its policy says, and no later than when less would be left of a fixed window than the least that can be given.</summary>
    public DateTimeOffset LapsesAt { get; private set; }

    /// <summary>When it left <see cref="RequestState.Pending"/>; null before.</summary>
    public DateTimeOffset? SettledAt { get; private set; }

    /// <summary>Counts the changes; a save that saw an older number does not go through.</summary>
    public int Revision { get; private set; }

    /// <summary>The one who asks.</summary>
    public PrincipalId Requester => new(RequesterTenantId, RequesterObjectId);

    /// <summary>The window asked for.</summary>
    public AccessWindow Window => new(WindowStart, Duration);

    /// <summary>What is asked for, as policies see it.</summary>
    public Entitlement Entitlement => new(VaultName, SecretName, GrantableRole.Find(RoleDefinitionId) ?? throw new InvalidOperationException($"Request {Reference} holds a role that is not grantable."));

    /// <summary>How much of its window there has to be for it to be worth giving: the least of its policy, or all of it where it is no longer than that.</summary>
    public TimeSpan LeastOf(AccessPolicy pinned) => Duration < pinned.Definition.LeastWindow ? Duration : pinned.Definition.LeastWindow;

    /// <summary>Whether it can still be settled, and if not why.</summary>
    /// <returns>Null when it can.</returns>
    public Refusal? CannotBeSettled(DateTimeOffset now) => State switch
    {
        RequestState.Pending when now >= LapsesAt => new Refusal(RefusalCode.Lapsed),
        RequestState.Pending => null,
        RequestState.Lapsed => new Refusal(RefusalCode.Lapsed),
        RequestState.Approved or RequestState.Denied or RequestState.Withdrawn => new Refusal(RefusalCode.AlreadySettled, null, State.ToString()),
    };

    /// <summary>Approves it.</summary>
    /// <exception cref="InvalidOperationException">It is not pending, or has lapsed.</exception>
    public void Approve(DateTimeOffset now) => Settle(RequestState.Approved, now);

    /// <summary>Denies it.</summary>
    /// <exception cref="InvalidOperationException">It is not pending, or has lapsed.</exception>
    public void Deny(DateTimeOffset now) => Settle(RequestState.Denied, now);

    /// <summary>Takes it back.</summary>
    /// <exception cref="InvalidOperationException">It is not pending, or has lapsed.</exception>
    public void Withdraw(DateTimeOffset now) => Settle(RequestState.Withdrawn, now);

    /// <summary>Lets it lapse.</summary>
    /// <exception cref="InvalidOperationException">It is not pending, or not due to lapse.</exception>
    public void Lapse(DateTimeOffset now)
    {
        if (State != RequestState.Pending || now < LapsesAt)
            throw new InvalidOperationException($"Request {Reference} is {State} until {LapsesAt:O}: it cannot lapse.");
        Move(RequestState.Lapsed, now);
    }

    private void Settle(RequestState state, DateTimeOffset now)
    {
        if (CannotBeSettled(now) is { } refusal)
            throw new InvalidOperationException($"Request {Reference} cannot become {state}: {refusal.Code}");
        Move(state, now);
    }

    private void Move(RequestState state, DateTimeOffset now)
    {
        State = state;
        SettledAt = now;
        Revision++;
    }
}

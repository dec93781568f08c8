using Portal.Core.Identity;

namespace Portal.Core.Approvals;

/// <summary>What an approver can say.</summary>
public enum Verdict
{
    /// <summary>Yes.</summary>
    Approved,

    /// <summary>No; needs a comment.</summary>
    Denied,
}

/// <summary>One approver's verdict on one request.</summary>
public sealed class ApprovalDecision
{
    private ApprovalDecision()
    {
    }

    /// <summary>Records a verdict.</summary>
    public ApprovalDecision(Guid requestId, Actor approver, Verdict verdict, string? comment, DateTimeOffset now)
    {
        Id = Guid.CreateVersion7(now);
        RequestId = requestId;
        ApproverTenantId = approver.Id!.Value.TenantId;
        ApproverObjectId = approver.Id!.Value.ObjectId;
        ApproverName = approver.DisplayName;
        Verdict = verdict;
        Comment = comment;
        DecidedAt = now;
    }

    /// <summary>The key.</summary>
    public Guid Id { get; private set; }

    /// <summary>The request.</summary>
    public Guid RequestId { get; private set; }

    /// <summary>The approver's tenant.</summary>
    public Guid ApproverTenantId { get; private set; }

    /// <summary>The approver's object id.</summary>
    public Guid ApproverObjectId { get; private set; }

    /// <summary>The approver's name as seen then.</summary>
    public string ApproverName { get; private set; } = "";

    /// <summary>Yes or no.</summary>
    public Verdict Verdict { get; private set; }

    /// <summary>What the approver wrote; null for nothing.</summary>
    public string? Comment { get; private set; }

    /// <summary>When.</summary>
    public DateTimeOffset DecidedAt { get; private set; }
}

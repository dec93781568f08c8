namespace Portal.Benchmarks.Seeding;

/// <summary>How many rows, and whose. Every share is the same at every size (but for a page's worth at least), so that all that piles up piles up in proportion.</summary>
/// <param name="Requests">Requests in all.</param>
internal sealed record SeedPlan(long Requests)
{
    /// <summary>People who ask, the company's five among them.</summary>
    public const int People = 500;

    /// <summary>Active grants of the reader whose pages are measured: more than a page of them at any size.</summary>
    public const int HeldByReader = 30;

    /// <summary>Active grants of the approver whose pages are measured: as many at any size, so that what differs is not what is on the page.</summary>
    public const int HeldByApprover = 10;

    /// <summary>Over how many days the requests are spread.</summary>
    public const int Days = 730;

    /// <summary>Requests that wait for a decision: one in two hundred, and no fewer than fill an approver's page.</summary>
    public long Pending => Math.Max(Requests / 200, 100);

    /// <summary>Grants that have not ended: one in two hundred of the requests, and no fewer than those whose pages are measured hold.</summary>
    public long Active => Math.Max(Requests / 200, HeldByReader + HeldByApprover);
}

using System.Text.Json;

namespace Portal.Core.Grants.Reconciliation;

/// <summary>A vault that a run could not look at.</summary>
/// <param name="Vault">Its name.</param>
/// <param name="Code">The provider's code.</param>
/// <param name="Message">The provider's text.</param>
public sealed record VaultFailure(string Vault, string Code, string Message);

/// <summary>One comparison of what should be with what is: when, how far it came, what it found.</summary>
public sealed class ReconciliationRun
{
    /// <summary>How many failures are kept by name; all are counted.</summary>
    public const int MostFailures = 50;

    /// <summary>How long runs are kept. What they found is kept for good.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(30);

    private ReconciliationRun()
    {
    }

    /// <summary>Keeps what came of a run.</summary>
    public ReconciliationRun(ReconciliationOutcome outcome)
    {
        Id = Guid.CreateVersion7(outcome.StartedAt);
        StartedAt = outcome.StartedAt;
        FinishedAt = outcome.FinishedAt;
        AskedBy = outcome.AskedBy;
        Vaults = outcome.Vaults;
        FailedVaults = outcome.Failures.Count;
        FailuresJson = JsonSerializer.Serialize(outcome.Failures.Take(MostFailures));
        Missing = outcome.Missing;
        Unexpected = outcome.Unexpected;
        Altered = outcome.Altered;
        Resolved = outcome.Resolved;
    }

    /// <summary>The key.</summary>
    public Guid Id { get; private set; }

    /// <summary>When it began.</summary>
    public DateTimeOffset StartedAt { get; private set; }

    /// <summary>When it was over.</summary>
    public DateTimeOffset FinishedAt { get; private set; }

    /// <summary>Who asked for it, by the name seen then; null for the portal itself.</summary>
    public string? AskedBy { get; private set; }

    /// <summary>Vaults whose assignments were all looked at.</summary>
    public int Vaults { get; private set; }

    /// <summary>Vaults that could not be looked at to the end.</summary>
    public int FailedVaults { get; private set; }

    /// <summary>The first <see cref="MostFailures"/> of them as a JSON array.</summary>
    public string FailuresJson { get; private set; } = "[]";

    /// <summary>New drift of this kind.</summary>
    public int Missing { get; private set; }

    /// <summary>New drift of this kind.</summary>
    public int Unexpected { get; private set; }

    /// <summary>New drift of this kind.</summary>
    public int Altered { get; private set; }

    /// <summary>Drift of earlier runs that was found in order.</summary>
    public int Resolved { get; private set; }

    /// <summary>The first failures.</summary>
    public IReadOnlyList<VaultFailure> Failures => JsonSerializer.Deserialize<List<VaultFailure>>(FailuresJson) ?? [];
}

/// <summary>What came of a run.</summary>
/// <param name="StartedAt">When it began.</param>
/// <param name="FinishedAt">When it was over.</param>
/// <param name="AskedBy">Who asked for it; null for the portal itself.</param>
/// <param name="Vaults">Vaults whose assignments were all looked at.</param>
/// <param name="Failures">Vaults that could not be looked at to the end.</param>
/// <param name="Missing">New drift of this kind.</param>
/// <param name="Unexpected">New drift of this kind.</param>
/// <param name="Altered">New drift of this kind.</param>
/// <param name="Resolved">Drift of earlier runs that was found in order.</param>
public sealed record ReconciliationOutcome(DateTimeOffset StartedAt, DateTimeOffset FinishedAt, string? AskedBy, int Vaults, IReadOnlyList<VaultFailure> Failures, int Missing, int Unexpected, int Altered, int Resolved);

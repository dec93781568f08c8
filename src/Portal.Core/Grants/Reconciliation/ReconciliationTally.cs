using System.Collections.Concurrent;
using Portal.Core.Catalog;

namespace Portal.Core.Grants.Reconciliation;

/// <summary>What one run has seen so far. Filled from several lanes at once.</summary>
internal sealed class ReconciliationTally
{
    private readonly ConcurrentDictionary<string, byte> _listed = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<Guid, byte> _seen = new();
    private readonly ConcurrentDictionary<(Guid Name, string? Code), byte> _open = new();
    private readonly ConcurrentDictionary<string, byte> _silent = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, VaultFailure> _failures = new(StringComparer.OrdinalIgnoreCase);
    private int _missing;
    private int _unexpected;
    private int _altered;

    /// <summary>A vault's list was read to its end.</summary>
    public void Listed(string vaultScope) => _listed[vaultScope] = 0;

    public bool IsListed(string vaultScope) => _listed.ContainsKey(vaultScope);

    /// <summary>Something stands on a trio that the portal has a row for, whoever made it.</summary>
    public void Seen(Guid assignmentId) => _seen[assignmentId] = 0;

    public bool IsSeen(Guid assignmentId) => _seen.ContainsKey(assignmentId);

    /// <summary>A vault could not be looked at to the end; the first reason counts.</summary>
    public void Failed(string vault, CloudCallException fault)
    {
        _failures.TryAdd(vault, new VaultFailure(vault, fault.Code, fault.Message));
        if (VaultLanes.IsSilence(fault))
            _silent[vault] = 0;
    }

    /// <summary>Whether a vault did not answer at all: to ask it more would cost its time limit each time.</summary>
    public bool IsSilent(string vault) => _silent.ContainsKey(vault);

    /// <summary>Nothing may be closed for this assignment, or nothing with this code.</summary>
    public void StillOpen(Guid name, string? code = null) => _open[(name, code)] = 0;

    /// <summary>The assignment itself drifted.</summary>
    public void Found(DriftEntry entry, Guid name)
    {
        StillOpen(name, entry.Judgement.Code);
        if (entry.New)
            Count(entry.Judgement.Kind, entry.Judgement.Code);
    }

    /// <summary>What surrounds the grants of a trio is new.</summary>
    public void Found(IEnumerable<Impairment> news)
    {
        foreach (var impairment in news)
            Count(impairment.Kind, impairment.Code);
    }

    /// <summary>Whether open drift is over: it was looked for and not found. With its vault, all drift of an assignment is over.</summary>
    public bool IsOver(Drift drift, bool isVaultGone)
    {
        if (_open.ContainsKey((drift.AssignmentName, null)) || _open.ContainsKey((drift.AssignmentName, drift.Code)))
            return false;
        return Impairment.Codes.Contains(drift.Code) || isVaultGone || IsListed(drift.VaultScope);
    }

    public ReconciliationOutcome Close(DateTimeOffset startedAt, DateTimeOffset finishedAt, string? askedBy, int resolved) =>
        new(startedAt, finishedAt, askedBy, _listed.Count, [.. _failures.Values.OrderBy(f => f.Vault, StringComparer.Ordinal)], _missing, _unexpected, _altered, resolved);

    private void Count(DriftKind kind, string code)
    {
        PortalTelemetry.DriftFound.Add(1, new KeyValuePair<string, object?>("code", code));
        _ = kind switch
        {
            DriftKind.Missing => Interlocked.Increment(ref _missing),
            DriftKind.Unexpected => Interlocked.Increment(ref _unexpected),
            DriftKind.Altered => Interlocked.Increment(ref _altered),
        };
    }
}

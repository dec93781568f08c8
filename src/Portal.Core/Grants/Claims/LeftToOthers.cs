namespace Portal.Core.Grants.Claims;

/// <summary>Rows that this instance gave back because a call of theirs got no answer. Another instance may be answered, and goes first: see <see cref="ClaimDueAssignments.LooksLeftToOthers"/>. Safe for several threads.</summary>
/// <remarks>The row is remembered beside the silence of its subscription: between two outages an instance is answered for a moment, and would take the same row into the next one.</remarks>
public sealed class LeftToOthers
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, DateTimeOffset> _rows = [];

    /// <summary>A turn was saved.</summary>
    /// <param name="row">The row that it was about.</param>
    /// <param name="answered">Whether all its calls were answered, whatever the answers said.</param>
    /// <param name="dueAt">When the row is due next, by the database's time; null for not at all.</param>
    public void Note(Guid row, bool answered, DateTimeOffset? dueAt)
    {
        lock (_lock)
        {
            if (!answered && dueAt is { } due)
                _rows[row] = due;
            else
                _rows.Remove(row);
        }
    }

    /// <summary>What is left to others at an instant; nearly always nothing.</summary>
    /// <param name="now">The database's time.</param>
    /// <param name="patience">How long after a row was due somebody else can still be expected to take it.</param>
    public IReadOnlyList<LeftRow> At(DateTimeOffset now, TimeSpan patience)
    {
        lock (_lock)
        {
            foreach (var (row, dueAt) in _rows)
                if (now - dueAt >= patience)
                    _rows.Remove(row);
            return [.. _rows.Select(row => new LeftRow(row.Key, row.Value))];
        }
    }
}

/// <summary>A row that is left to others as it was given back.</summary>
/// <param name="AssignmentId">The row.</param>
/// <param name="DueAt">When it was to be due. A row that somebody has brought forward since, to end its grant, is not left to anyone.</param>
public sealed record LeftRow(Guid AssignmentId, DateTimeOffset DueAt);

using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;
using Portal.Core.Audit.Exports;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Sealing;

/// <summary>Whether an event that lies in the database is one as the portal writes them. It is sealed as it lies there, and what is sealed is never doubted again.</summary>
internal static class WrittenForm
{
    private static readonly EventField[] Always = [EventField.Sequence, EventField.EventId, EventField.At, EventField.Code, EventField.Outcome, EventField.ActorKind];
    private static readonly byte[][] Outcomes = [.. Enum.GetNames<AuditOutcome>().Select(Encoding.UTF8.GetBytes)];
    private static readonly byte[][] ActorKinds = [.. Enum.GetNames<ActorKind>().Select(Encoding.UTF8.GetBytes)];

    /// <summary>The first field of a row that holds what the portal does not write.</summary>
    /// <returns>Null when all are as the portal writes them.</returns>
    public static EventField? FirstForeign(AuditRows rows, int row)
    {
        var columns = AuditColumn.All;
        for (var column = 0; column < columns.Count; column++)
        {
            var cell = rows[row, column];
            if (cell.IsEmpty ? Always.Contains((EventField)column) : !IsWritten((EventField)column, columns[column].Kind, cell))
                return (EventField)column;
        }

        return null;
    }

    private static bool IsWritten(EventField field, AuditColumnKind kind, ReadOnlySpan<byte> cell) => (field, kind) switch
    {
        (EventField.Outcome, _) => IsOneOf(Outcomes, cell),
        (EventField.ActorKind, _) => IsOneOf(ActorKinds, cell),
        (EventField.PolicyVersion, _) => Utf8Parser.TryParse(cell, out int _, out var used) && used == cell.Length,
        (_, AuditColumnKind.Number) => Utf8Parser.TryParse(cell, out long _, out var used) && used == cell.Length,
        (_, AuditColumnKind.Id) => Utf8Parser.TryParse(cell, out Guid _, out var used) && used == cell.Length,
        // A database knows times that .NET does not, which are read as the first or the last that it does. Nothing happened then; what somebody asked for may be that far away.
        (EventField.At, _) => AuditRows.InstantOf(cell) is { Year: > 1 and < 9999 },
        (_, AuditColumnKind.Instant) => AuditRows.InstantOf(cell) is not null,
        _ => !cell.Contains((byte)0) && Utf8.IsValid(cell),
    };

    private static bool IsOneOf(byte[][] names, ReadOnlySpan<byte> cell)
    {
        foreach (var name in names)
            if (cell.SequenceEqual(name))
                return true;
        return false;
    }
}

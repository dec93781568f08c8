using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Data.Sqlite;
using Portal.Core.Audit.Exports;
using SQLitePCL;

namespace Portal.Migrations.Sqlite;

/// <summary>
/// A function in SQL that puts what it is given into rows of the audit trail, and gives back how many came before. SQLite calls it with a row's cells as they lie in its registers; asked for from
/// outside, each of the thirty-six would cost two calls through two libraries, each with a lock.
/// </summary>
internal sealed unsafe partial class RowFunction : IDisposable
{
    private const string Library = "e_sqlite3";
    private const int Utf8 = 1;
    private const int DirectOnly = 0x80000;
    private const int Integer = 1;
    private const int Text = 3;
    private const int Null = 5;

    private readonly SqliteConnection _connection;
    private readonly AuditRows _into;
    private readonly GCHandle _self;
    private ExceptionDispatchInfo? _fault;
    private long _count;

    /// <summary>Gives a connection the function.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="into">Where the rows go.</param>
    public RowFunction(SqliteConnection connection, AuditRows into)
    {
        (_connection, _into) = (connection, into);
        _self = GCHandle.Alloc(this);
        if (Define(&Call) is not 0 and var fault)
        {
            _self.Free();
            throw new SqliteException("SQLite did not take a function.", fault);
        }
    }

    /// <summary>A statement that hands over what a query finds, in its order. It answers with the number of each row, from 0.</summary>
    /// <remarks>The limits, which limit nothing, keep SQLite from making one query of both, where it might sort only after the function was called.</remarks>
    public string Over(string query)
    {
        var names = NamesOf(query);
        var cells = string.Join(", ", AuditColumn.All.Select(column => column.Property).Append(IAuditReading.Position).Append(IAuditReading.FieldDigests).Select(column => $"piece.\"{Find(names, column)}\""));
        return $"SELECT portal_row({cells}) FROM (SELECT * FROM ({query}) LIMIT -1) AS piece LIMIT -1";
    }

    /// <summary>Throws what went wrong with a row.</summary>
    /// <param name="number">What the statement answered.</param>
    /// <param name="expected">How many rows it answered before.</param>
    public void Demand(long number, long expected)
    {
        _fault?.Throw();
        if (number != expected)
            throw new InvalidOperationException("SQLite handed rows over in another order than the query's.");
    }

    /// <summary>Takes the function away again. No statement may use it any more.</summary>
    public void Dispose()
    {
        // Were it still there, SQLite would call into nothing.
        if (Define(null) == 0)
            _self.Free();
    }

    // Where a query joins tables that both have a column, EF Core puts a number behind the name of one.
    private static string Find(List<string> names, string column) =>
        names.Contains(column) ? column : names.Find(name => name.TrimEnd('0', '1', '2') == column) ?? throw new InvalidOperationException($"The query has no column '{column}'.");

    private List<string> NamesOf(string query)
    {
        var fault = raw.sqlite3_prepare_v2(_connection.Handle!, query, out var statement);
        using (statement)
            return fault == raw.SQLITE_OK
                ? [.. Enumerable.Range(0, raw.sqlite3_column_count(statement)).Select(column => raw.sqlite3_column_name(statement, column).utf8_to_string())]
                : throw new SqliteException(raw.sqlite3_errmsg(_connection.Handle!).utf8_to_string(), fault);
    }

    private int Define(delegate* unmanaged[Cdecl]<nint, int, nint*, void> call)
    {
        fixed (byte* name = "portal_row\0"u8)
            return sqlite3_create_function_v2(_connection.Handle!.DangerousGetHandle(), name, -1, Utf8 | DirectOnly, GCHandle.ToIntPtr(_self), call, 0, 0, 0);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Call(nint context, int count, nint* values)
    {
        var function = (RowFunction)GCHandle.FromIntPtr(sqlite3_user_data(context)).Target!;
        try
        {
            function.Take(new ReadOnlySpan<nint>(values, count));
        }
        catch (Exception fault)
        {
            // No exception passes through SQLite: it is thrown when the row arrives.
            function._fault ??= ExceptionDispatchInfo.Capture(fault);
        }

        sqlite3_result_int64(context, function._count++);
    }

    private void Take(ReadOnlySpan<nint> values)
    {
        var columns = AuditColumn.All;
        for (var column = 0; column < columns.Count; column++)
            Add(columns[column].Kind, values[column]);
        var position = values[columns.Count];
        _into.EndRow(sqlite3_value_type(position) == Null ? null : sqlite3_value_int64(position), Bytes(values[columns.Count + 1]));
    }

    private static ReadOnlySpan<byte> Bytes(nint value)
    {
        var bytes = sqlite3_value_blob(value);
        return bytes is null ? default : new ReadOnlySpan<byte>(bytes, sqlite3_value_bytes(value));
    }

    // What stands there in another form than the portal writes was changed behind its back. It is shown as it is; where it would then pass for what it looks like, it is marked, for neither a filter nor a legal hold meets it any more.
    private void Add(AuditColumnKind kind, nint value)
    {
        // Asked first: asking for bytes makes a text of a number.
        var type = sqlite3_value_type(value);
        var stored = Bytes(value);
        if (type == Null)
            _into.AddNothing();
        else if (kind == AuditColumnKind.Number ? type == Integer : type == Text && kind == AuditColumnKind.Text)
            _into.AddText(stored);
        else if (type == Text && kind == AuditColumnKind.Id && stored.Length == 36 && !stored.ContainsAnyInRange((byte)'a', (byte)'z') && Ascii.ToLower(stored, _into.Room(36), out var written) == OperationStatus.Done)
            _into.Take(written);
        else if (type == Text && kind == AuditColumnKind.Instant && IsInstant(stored))
            AddInstant(stored);
        else if (type == Text && !stored.IsEmpty && !CouldPass(kind, stored))
            _into.AddText(stored);
        else
            _into.AddForeign(stored);
    }

    /// <summary>Whether a text in the place of something else could be as the log has that: a lower-case GUID, an instant in its form, digits.</summary>
    private static bool CouldPass(AuditColumnKind kind, ReadOnlySpan<byte> stored) => kind switch
    {
        AuditColumnKind.Id => stored.Length == 36 && Ascii.IsValid(stored),
        AuditColumnKind.Instant => stored[^1] == 'Z',
        _ => !stored.ContainsAnyExceptInRange((byte)'-', (byte)'9'),
    };

    /// <summary>Whether it is as Microsoft.Data.Sqlite saves instants: <c>yyyy-MM-dd HH:mm:ss.FFFFFFF</c>.</summary>
    private static bool IsInstant(ReadOnlySpan<byte> stored) =>
        stored.Length is 19 or (> 20 and <= 27) && stored[10] == ' ' && (stored.Length == 19 || (stored[19] == '.' && stored[^1] != '0')) && DigitsOf(stored).IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;

    private static ReadOnlySpan<byte> DigitsOf(ReadOnlySpan<byte> instant) => instant.Length > 20 ? instant[20..] : default;

    private void AddInstant(ReadOnlySpan<byte> stored)
    {
        var digits = DigitsOf(stored);
        var places = digits.Length <= 3 ? 3 : 7;
        var room = _into.Room(28);
        stored[..19].CopyTo(room);
        room[10] = (byte)'T';
        room[19] = (byte)'.';
        room.Slice(20, places).Fill((byte)'0');
        digits.CopyTo(room[20..]);
        room[20 + places] = (byte)'Z';
        _into.Take(21 + places);
    }

    [LibraryImport(Library)]
    private static partial int sqlite3_create_function_v2(nint database, byte* name, int arguments, int flags, nint data, delegate* unmanaged[Cdecl]<nint, int, nint*, void> call, nint step, nint final, nint destroy);

    // The rest only read what is at hand.
    [LibraryImport(Library)]
    [SuppressGCTransition]
    private static partial nint sqlite3_user_data(nint context);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    private static partial void* sqlite3_value_blob(nint value);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    private static partial int sqlite3_value_bytes(nint value);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    private static partial int sqlite3_value_type(nint value);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    private static partial long sqlite3_value_int64(nint value);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    private static partial void sqlite3_result_int64(nint context, long result);
}

namespace Portal.Core.Audit.Exports.Checking;

/// <summary>What an export's file says of itself. None of it is believed before it is checked.</summary>
/// <param name="Code">How it says it ended; empty in a line at the start.</param>
/// <param name="Rows">How many rows it says it has.</param>
/// <param name="Unproven">How many of them it says carry no proof.</param>
/// <param name="Kind"><c>whole</c>, <c>filtered</c> or <c>unsealed</c>.</param>
/// <param name="Size">The size of the log.</param>
/// <param name="Note">The signed checkpoint.</param>
/// <param name="Words">What it says to people.</param>
public sealed record ExportStatement(string Code, long Rows, long Unproven, string Kind, long Size, string Note, string Words);

/// <summary>The first thing that does not hold.</summary>
/// <param name="Code">A stable word for it: one of <see cref="ExportFaultCode"/>.</param>
/// <param name="Row">The row, from 1, the header not counted; null when it is none in particular.</param>
/// <param name="Position">Its position in the log, as far as the file says.</param>
/// <param name="EventId">Its event, as the file says.</param>
/// <param name="Field">The field; null when it is none in particular.</param>
/// <param name="Message">All of it in English.</param>
public sealed record ExportFault(string Code, long? Row, long? Position, string? EventId, string? Field, string Message);

/// <summary>What can be wrong with an export's file.</summary>
public static class ExportFaultCode
{
    /// <summary>An event is not as it was sealed.</summary>
    public const string Altered = "altered";

    /// <summary>An event is not in the log that was signed.</summary>
    public const string NotInLog = "not_in_log";

    /// <summary>Events are not in their order.</summary>
    public const string OutOfOrder = "out_of_order";

    /// <summary>An event is there twice.</summary>
    public const string Repeated = "repeated";

    /// <summary>Events are missing.</summary>
    public const string Missing = "missing";

    /// <summary>An event carries no proof and the file does not say why.</summary>
    public const string Unproven = "unproven";

    /// <summary>The file ends before its end.</summary>
    public const string Truncated = "truncated";

    /// <summary>Something follows the end.</summary>
    public const string Trailing = "trailing";

    /// <summary>It is no file that the portal writes.</summary>
    public const string Malformed = "malformed";

    /// <summary>The file says something else of itself than what it holds.</summary>
    public const string Contradiction = "contradiction";

    /// <summary>The checkpoint is signed by none of the keys.</summary>
    public const string Signature = "signature";

    /// <summary>Checkpoints contradict each other.</summary>
    public const string Checkpoints = "checkpoints";

    /// <summary>The portal itself says that it could not export all of it, or that its log does not hold.</summary>
    public const string Declared = "declared";
}

/// <summary>What came of checking an export's file.</summary>
/// <param name="Rows">How many rows were read.</param>
/// <param name="Unproven">How many of them carry no proof.</param>
/// <param name="Statement">What the file says of itself; null when it does not say.</param>
/// <param name="Checkpoints">How many other checkpoints were compared.</param>
/// <param name="Fault">The first thing that does not hold; null when all does.</param>
public sealed record ExportVerdict(long Rows, long Unproven, ExportStatement? Statement, int Checkpoints, ExportFault? Fault)
{
    /// <summary>Whether all of it holds, every row with proof.</summary>
    public bool Holds => Fault is null && Unproven == 0;
}

using System.Globalization;
using System.Xml;
using Azure;
using Azure.Identity;
using Azure.Storage.Blobs.Models;
using Portal.Core.Audit.Sealing;

namespace Portal.Azure.Checkpoints;

/// <summary>Turns what goes wrong with Blob Storage into what keeps the log from being sealed: by status and code, and never with the text of an answer.</summary>
internal static class BlobFaults
{
    /// <summary>Runs calls; whatever they throw comes out as <see cref="SealingException"/>, the caller's own cancellation aside.</summary>
    /// <param name="where">Which store, for the message.</param>
    /// <param name="calls">What to run.</param>
    /// <param name="ct">Cancels.</param>
    internal static async Task<T> GuardAsync<T>(string where, Func<Task<T>> calls, CancellationToken ct)
    {
        try
        {
            return await calls();
        }
        catch (Exception fault) when (fault is not SealingException && !(fault is OperationCanceledException && ct.IsCancellationRequested) && Of(where, fault) is { } problem)
        {
            throw problem;
        }
    }

    /// <summary>Whether a blob is refused because one of that name is there.</summary>
    internal static bool IsTaken(RequestFailedException fault) =>
        fault.ErrorCode == BlobErrorCode.BlobAlreadyExists || fault.ErrorCode == BlobErrorCode.ConditionNotMet || fault.ErrorCode == BlobErrorCode.BlobImmutableDueToPolicy;

    private static SealingException? Of(string where, Exception fault) => fault switch
    {
        RequestFailedException { Status: 0 } => Unreachable(where, "no answer", fault),
        RequestFailedException { Status: 408 or 429 or >= 500 or < 300 } answer => Unreachable(where, Said(answer), fault),
        RequestFailedException answer => new SealingException(SealingProblem.StoreRefuses, $"{where} refuses ({Said(answer)}). {WhatToDo(answer)}", fault),
        AuthenticationFailedException => Unreachable(where, "no token for Blob Storage", fault),
        OperationCanceledException => Unreachable(where, "no answer in time", fault),
        AggregateException many when many.InnerException is { } inner => Of(where, inner),
        HttpRequestException or IOException or TimeoutException => Unreachable(where, "the connection failed", fault),
        XmlException or FormatException => Unreachable(where, "an answer that cannot be read", fault),
        _ => null,
    };

    private static SealingException Unreachable(string where, string what, Exception fault) =>
        new(SealingProblem.StoreUnreachable, $"{where} cannot be reached or used: {what}.", fault);

    private static string Said(RequestFailedException answer) =>
        string.Create(CultureInfo.InvariantCulture, $"{answer.Status} {(answer.ErrorCode is { Length: > 0 and <= 80 } code && code.All(char.IsAsciiLetterOrDigit) ? code : "without a code")}");

    private static string WhatToDo(RequestFailedException answer) => answer.Status switch
    {
        403 or 401 => "The portal's identity needs the role Storage Blob Data Contributor at the container, and the account's network rules have to let it in.",
        404 => "There is no such container, or the checkpoint in it is gone.",
        _ => "Look at the container's policies and at the state of the storage account.",
    };
}

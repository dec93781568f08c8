namespace Portal.Core;

/// <summary>What a provider calls a call of ours, for its support and its own logs.</summary>
/// <param name="RequestId">The id of the call (<c>x-ms-request-id</c>; Graph's <c>request-id</c>); null when it gave none.</param>
/// <param name="CorrelationId">The id of what the call belonged to, by which Azure's activity log finds it (<c>x-ms-correlation-request-id</c>); null when it gave none.</param>
public readonly record struct ProviderCall(string? RequestId, string? CorrelationId = null)
{
    /// <summary>Nothing is known of it, or there was none.</summary>
    public static ProviderCall Unknown { get; }
}

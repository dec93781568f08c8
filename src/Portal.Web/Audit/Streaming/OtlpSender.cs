using Portal.Core.Audit.Streaming;

namespace Portal.Web.Audit.Streaming;

/// <summary>Delivers messages as OTLP logs over HTTP, in the JSON encoding. Of an answer it reads how many records were rejected, and no word.</summary>
/// <param name="streams">The configured streams.</param>
/// <param name="clock">Gives the time of a try.</param>
public sealed class OtlpSender(IReadOnlyList<ConfiguredStream> streams, TimeProvider clock) : IStreamSender, IDisposable
{
    private readonly Dictionary<string, OtlpHeader?> _headers = streams.OfType<OtlpStream>().ToDictionary(s => s.Destination.Name, s => s.Header);
    private readonly StreamConnection _connection = new(clock);

    /// <inheritdoc />
    public async Task<StreamAnswer> SendAsync(StreamDestination destination, StreamMessage message, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, destination.Address);
        try
        {
            // Not parsed: what does not look like a scheme and a token is a value all the same.
            if (_headers[destination.Name] is { } header)
                request.Headers.TryAddWithoutValidation(header.Name, header.Read());
        }
        catch (StreamSecretException unusable)
        {
            return new StreamAnswer(StreamFate.Failed, $"SecretUnusable: {unusable.Message}");
        }

        return await _connection.PostAsync(request, OtlpLogs.Of(message, clock.GetUtcNow()), OtlpAnswer.ReadAsync, ct);
    }

    /// <inheritdoc />
    public void Dispose() => _connection.Dispose();
}

using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Portal.Core.Grants;

/// <summary>Where revocations are recorded while the database takes no writes.</summary>
/// <param name="Directory">An absolute path on a disk of the host, kept over restarts and each instance's own or shared; null when there is none: then nothing is revoked that the database cannot record.</param>
public sealed record SpoolOptions(string? Directory);

/// <summary>What a line of the spool says.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SpoolLineKind>))]
public enum SpoolLineKind
{
    /// <summary>A removal is about to be called for.</summary>
    Announced,

    /// <summary>The provider confirmed it.</summary>
    Removed,

    /// <summary>The call did not go through.</summary>
    Failed,
}

/// <summary>One line of the spool. No token and no secret value.</summary>
/// <param name="Id">Ties an outcome to its announcement, and becomes the id of the audit event: what is entered twice is entered once.</param>
/// <param name="Kind">What it says.</param>
/// <param name="AssignmentId">The row.</param>
/// <param name="GrantIds">The grants that the removal ends.</param>
/// <param name="At">When.</param>
public sealed record SpoolLine(Guid Id, SpoolLineKind Kind, Guid AssignmentId, IReadOnlyList<Guid> GrantIds, DateTimeOffset At)
{
    /// <summary>The provider's code of a failure.</summary>
    public string? Code { get; init; }

    /// <summary>The provider's text.</summary>
    public string? Message { get; init; }

    /// <summary>The provider's id of the call.</summary>
    public string? ProviderRequestId { get; init; }

    /// <summary>The provider's id of what the call belonged to; older lines have none.</summary>
    public string? ProviderCorrelationId { get; init; }

    /// <summary>Both of the provider's ids.</summary>
    [JsonIgnore]
    public ProviderCall ProviderCall
    {
        get => new(ProviderRequestId, ProviderCorrelationId);
        init => (ProviderRequestId, ProviderCorrelationId) = (value.RequestId, value.CorrelationId);
    }
}

/// <summary>A removal that the spool records.</summary>
/// <param name="Announced">Its announcement.</param>
/// <param name="Outcome">What came of it; null when the process died before it was known.</param>
public sealed record SpooledRevocation(SpoolLine Announced, SpoolLine? Outcome);

/// <summary>A file of JSON lines, each of which is on the disk before the next thing happens. Every process has one of its own; whoever comes later takes over those that a dead process left.</summary>
public sealed class RevocationSpool(SpoolOptions options) : IDisposable
{
    private const string Pattern = "revocations-*.jsonl";

    private readonly Lock _lock = new();
    private readonly List<SpoolLine> _own = [];
    private readonly List<(FileStream File, bool Unreadable)> _taken = [];
    private FileStream? _file;

    /// <summary>Whether anything waits to be entered here. Files of dead processes show only to <see cref="Read"/>.</summary>
    public bool HasOwn
    {
        get
        {
            lock (_lock)
                return _own.Count > 0;
        }
    }

    /// <summary>The rows whose removal was confirmed and is not entered yet.</summary>
    public IReadOnlyList<Guid> Removed()
    {
        lock (_lock)
            return [.. _own.Where(l => l.Kind == SpoolLineKind.Removed).Select(l => l.AssignmentId).Distinct()];
    }

    /// <summary>Makes the file, so that it is there when it is needed, and says early when it cannot be.</summary>
    /// <exception cref="IOException">There is no place for it.</exception>
    public void Open()
    {
        lock (_lock)
            _ = File();
    }

    /// <summary>Writes a line and waits until the disk has it.</summary>
    /// <exception cref="IOException">It could not be written: what it announces must not happen.</exception>
    public void Append(SpoolLine line)
    {
        var bytes = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(line, JsonSerializerOptions.Web) + "\n");
        lock (_lock)
        {
            var file = File();
            var end = file.Length;
            try
            {
                file.Position = end;
                file.Write(bytes);
                file.Flush(flushToDisk: true);
            }
            catch
            {
                // Half a line must not be in front of the next one.
                file.SetLength(end);
                throw;
            }

            _own.Add(line);
        }
    }

    /// <summary>All that waits to be entered: what this process recorded, and what dead ones left. Theirs stay locked until <see cref="Clear"/>.</summary>
    public IReadOnlyList<SpooledRevocation> Read()
    {
        lock (_lock)
        {
            if (options.Directory is null || !Directory.Exists(options.Directory))
                return [];
            List<SpoolLine> lines = [];
            ReleaseTaken();
            foreach (var path in Directory.EnumerateFiles(options.Directory, Pattern).Where(p => p != _file?.Name))
                if (TryTake(path) is { } left)
                    lines.AddRange(Parse(left));
            lines.AddRange(_own);
            var outcomes = lines.Where(l => l.Kind != SpoolLineKind.Announced).ToLookup(l => l.Id);
            return [.. lines.Where(l => l.Kind == SpoolLineKind.Announced).Select(l => new SpooledRevocation(l, outcomes[l.Id].FirstOrDefault()))];
        }
    }

    /// <summary>Everything that <see cref="Read"/> gave is entered. A file with lines that could not be read is kept aside, for a person.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            var taken = _taken.Select(t => (t.File.Name, t.Unreadable)).ToList();
            ReleaseTaken();
            foreach (var (name, unreadable) in taken)
            {
                if (unreadable)
                    System.IO.File.Move(name, name + ".unreadable", overwrite: true);
                else
                    System.IO.File.Delete(name);
            }

            if (_own.Count == 0)
                return;
            _file!.SetLength(0);
            _file.Flush(flushToDisk: true);
            _own.Clear();
        }
    }

    /// <summary>Lets go of the files; one with nothing in it goes away. What is not entered stays for whoever comes next.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            ReleaseTaken();
            if (_file is null)
                return;
            var (name, empty) = (_file.Name, _file.Length == 0);
            _file.Dispose();
            _file = null;
            _own.Clear();
            if (empty)
                System.IO.File.Delete(name);
        }
    }

    private FileStream File()
    {
        if (_file is not null)
            return _file;
        if (options.Directory is null)
            throw new IOException("The portal has no directory for the spool of revocations.");
        Directory.CreateDirectory(options.Directory);
        return _file = new FileStream(Path.Combine(options.Directory, $"revocations-{Guid.NewGuid():N}.jsonl"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
    }

    private static FileStream? TryTake(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            // Its process lives, or another one has taken it.
            return null;
        }
    }

    private List<SpoolLine> Parse(FileStream file)
    {
        using var reader = new StreamReader(file, Encoding.UTF8, leaveOpen: true);
        var text = reader.ReadToEnd();
        var lines = new List<SpoolLine>();
        var unreadable = false;
        // What stands behind the last line break was never wholly written, so nothing was done on its account.
        foreach (var line in text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                lines.Add(JsonSerializer.Deserialize<SpoolLine>(line, JsonSerializerOptions.Web) ?? throw new JsonException("An empty line."));
            }
            catch (JsonException)
            {
                unreadable = true;
            }
        }

        _taken.Add((file, unreadable));
        return lines;
    }

    private void ReleaseTaken()
    {
        foreach (var (file, _) in _taken)
            file.Dispose();
        _taken.Clear();
    }
}

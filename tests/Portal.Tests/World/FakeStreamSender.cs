using Portal.Core.Audit.Streaming;

namespace Portal.Tests.World;

/// <summary>A receiver of the audit trail that does as a test says; takes everything unless told otherwise.</summary>
public sealed class FakeStreamSender : IStreamSender
{
    public static readonly StreamDestination Siem = new("siem", new Uri("https://siem.fenwick.example/hook"));

    /// <summary>Every message that was tried, in order.</summary>
    public List<StreamMessage> Tried { get; } = [];

    /// <summary>What the receiver answers.</summary>
    public StreamAnswer Answer { get; set; } = StreamAnswer.Delivered;

    /// <summary>What happens while the next message is under way; once.</summary>
    public Func<Task>? Meanwhile { get; set; }

    public async Task<StreamAnswer> SendAsync(StreamDestination destination, StreamMessage message, CancellationToken ct)
    {
        Tried.Add(message);
        var (meanwhile, answer) = (Meanwhile, Answer);
        Meanwhile = null;
        if (meanwhile is not null)
            await meanwhile();
        return answer;
    }
}

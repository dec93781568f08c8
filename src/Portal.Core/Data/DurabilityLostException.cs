using System.Data.Common;

namespace Portal.Core.Data;

/// <summary>The disk did not take what was written to the database. What has been answered for stays; what came later may be gone after a power cut, although it can be read now. From then on the database takes no writes until the portal is started again.</summary>
/// <param name="message">What happened and what to do, as a sentence for the operator.</param>
/// <param name="inner">What the system said.</param>
public sealed class DurabilityLostException(string message, Exception? inner = null) : DbException(message, inner);

namespace Portal.Core.Data;

/// <summary>The database serves one portal at a time, and another one has it.</summary>
/// <param name="message">What is in use and what to do, as a sentence for the operator.</param>
/// <param name="inner">What the system said.</param>
public sealed class DatabaseInUseException(string message, Exception? inner = null) : Exception(message, inner);

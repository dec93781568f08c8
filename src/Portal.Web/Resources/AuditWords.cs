namespace Portal.Web.Resources;

/// <summary>The words of the audit trail: a sentence and a name for every <see cref="Core.Audit.AuditCode"/>, and the audit page's own. In a sentence {0} is the actor, {1} whose access it is, {2} what it is about.</summary>
public sealed class AuditWords;

namespace Portal.Core.Policies;

/// <summary>One version of an access policy. Versions are added and never changed, so a request can pin the one that governs it.</summary>
public sealed class AccessPolicy
{
    private PolicyDefinition? _definition;

    private AccessPolicy()
    {
    }

    /// <summary>Adds a version.</summary>
    public AccessPolicy(PolicyDefinition definition, int version, int rank, DateTimeOffset now)
    {
        Id = Guid.CreateVersion7(now);
        Name = definition.Name;
        Version = version;
        Rank = rank;
        DefinitionJson = definition.ToJson();
        EffectiveFrom = now;
    }

    /// <summary>This version's own key.</summary>
    public Guid Id { get; private set; }

    /// <summary>The policy's name.</summary>
    public string Name { get; private set; } = "";

    /// <summary>1, 2, 3… within the name.</summary>
    public int Version { get; private set; }

    /// <summary>Its place in the configuration: among those that fit, the lowest governs.</summary>
    public int Rank { get; private set; }

    /// <summary>The rule, as JSON.</summary>
    public string DefinitionJson { get; private set; } = "";

    /// <summary>Since when this version governs.</summary>
    public DateTimeOffset EffectiveFrom { get; private set; }

    /// <summary>Until when it governed; null while it does.</summary>
    public DateTimeOffset? RetiredAt { get; private set; }

    /// <summary>The rule.</summary>
    public PolicyDefinition Definition => _definition ??= PolicyDefinition.FromJson(DefinitionJson);

    /// <summary>Ends this version.</summary>
    public void Retire(DateTimeOffset now) => RetiredAt ??= now;

    /// <summary>Moves the policy in the order of precedence.</summary>
    public void Reorder(int rank) => Rank = rank;
}

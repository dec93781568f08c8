using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Data;

/// <summary>A key by which the web host protects its cookies, kept here so that it outlives a restart and is shared by all instances.</summary>
/// <param name="name">Its friendly name.</param>
/// <param name="xml">The key element as the host wrote it.</param>
public sealed class StoredKey(string name, string xml)
{
    /// <summary>The order in which it was stored; the key here.</summary>
    public int Id { get; private set; }

    /// <summary>Its friendly name.</summary>
    public string Name { get; private set; } = name;

    /// <summary>The key element as the host wrote it.</summary>
    public string Xml { get; private set; } = xml;
}

internal sealed class StoredKeyMapping : IEntityTypeConfiguration<StoredKey>
{
    public void Configure(EntityTypeBuilder<StoredKey> builder) => builder.HasKey(k => k.Id);
}

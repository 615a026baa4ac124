from __future__ import annotations

import pytest

from mmtalker.mapping.names import Kind, kind_of


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Wolf3D_Teeth", Kind.TEETH),
        ("Wolf3D_Glasses", Kind.STILL),
        ("Wolf3D_Hair", Kind.STILL),
        ("Wolf3D_Beard", Kind.LASHES),
        ("Wolf3D_Outfit_Top", Kind.STILL),
        ("Wolf3D_Headwear", Kind.STILL),
        ("Wolf3D_Head", Kind.NOTHING),
        ("EyeLeft", Kind.EYE),
        ("CC_Base_Tongue", Kind.TONGUE),
        ("CC_Base_EyeOcclusion", Kind.LASHES),
        ("CC_Base_TearLine", Kind.LASHES),
        ("CC_Base_Eye", Kind.EYE),
        ("CC_Base_Body", Kind.NOTHING),
        ("CC_Base_Body|Std_Tongue", Kind.TONGUE),
        ("Std_Eyelash", Kind.LASHES),
        ("Std_Upper_Teeth", Kind.TEETH_UPPER),
        ("Std_Lower_Teeth", Kind.TEETH_LOWER),
        ("Std_Cornea_R", Kind.EYE),
        ("Genesis8Eyelashes", Kind.LASHES),
        ("Genesis9 Mouth: Gums", Kind.TEETH),
        ("Irises", Kind.EYE),
        ("eyebrow001", Kind.LASHES),
        ("eyelashes01", Kind.LASHES),
        ("HighPolyEyes", Kind.EYE),
        ("tongue01.001", Kind.TONGUE),
        ("teeth_base", Kind.TEETH),
        ("MI_saliva", Kind.TEETH),
        ("eyeshell_shader", Kind.LASHES),
        ("cartilage", Kind.LASHES),
        ("caruncle", Kind.LASHES),
        ("N00_000_00_EyeIris_00_EYE (Instance)", Kind.EYE),
        ("N00_000_00_FaceBrow_00_FACE", Kind.LASHES),
        ("N00_000_00_FaceEyelash_00_FACE", Kind.LASHES),
        ("N00_000_Hair_00_HAIR", Kind.STILL),
        ("upperTeeth", Kind.TEETH_UPPER),
        ("teeth lower.002", Kind.TEETH_LOWER),
        ("lower_gums", Kind.TEETH_LOWER),
        ("Eyes_Brown", Kind.EYE),
        ("EyeSocket", Kind.NOTHING),
        ("eyelids", Kind.NOTHING),
        ("Material.001", Kind.NOTHING),
        ("", Kind.NOTHING),
    ],
)
def test_names_of_common_tools(name, kind):
    assert kind_of(name) == kind
